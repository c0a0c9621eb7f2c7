{{ config(**replaced_by_day(
    'usage_date', changes='stg_google__changed_days', cluster_by=['project_id']
)) }}

-- GRAIN: one row per day of usage, invoice, project, label, platform, product, whether
-- it is an adjustment, and load, with what the load added to the charges of the day,
-- less what it took away
{% set days = changed_days(ref('stg_google__changed_days')) %}

with landed as (

    select * from {{ ref('stg_google__charges') }}
    where {{ in_days('usage_date', days) }}

),

{{ changes_by_load(
    'billing_export',
    [
        'usage_date', 'invoice_month', 'project_id', 'request_label', 'platform_code',
        'product', 'is_adjustment',
    ],
    ['billed_cost_usd', 'billed_cost_in_currency']
) }}

select * from changes
