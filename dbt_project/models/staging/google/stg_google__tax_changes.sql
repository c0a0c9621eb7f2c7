{{ config(**replaced_by_day(
    'usage_date', changes='stg_google__changed_days', cluster_by=['project_id']
)) }}

-- GRAIN: one row per day, invoice, project and load, with what the load added to the
-- taxes and the rounding, less what it took away
-- They are of whole projects, and name no service. Adjustments that correct an AI tool
-- are charges; others are left out.
{% set days = changed_days(ref('stg_google__changed_days')) %}

with billing_rows as (

    select * from {{ ref('base_google__billing_rows') }}
    where {{ in_days('usage_date', days) }}

),

skus as (

    select * from {{ ref('stg_google__skus') }}
    where not is_known

),

landed as (

    select billing_rows.*
    from billing_rows
    inner join skus
        on
            coalesce(billing_rows.service_id, '') = skus.service_id
            and coalesce(billing_rows.sku_id, '') = skus.sku_id
            and coalesce(billing_rows.sku_name, '') = skus.sku_name
    where billing_rows.cost_type in ('tax', 'rounding_error')

),

{{ changes_by_load(
    'billing_export', ['usage_date', 'invoice_month', 'project_id', 'currency'],
    ['billed_cost_usd', 'billed_cost_in_currency']
) }}

select * from changes
