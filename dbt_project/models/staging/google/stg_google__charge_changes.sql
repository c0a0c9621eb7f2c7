-- GRAIN: one row per day of usage, invoice, project, platform, product and load, with
-- what the load added to the charges of the day, less what it took away
with landed as (

    select * from {{ ref('stg_google__charges') }}

),

{{ changes_by_load(
    'billing_export',
    ['usage_date', 'invoice_month', 'project_id', 'platform_code', 'product'],
    ['billed_cost_usd', 'billed_cost_in_currency']
) }}

select * from changes
