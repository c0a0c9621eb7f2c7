{{ config(materialized='view') }}

-- The condition on the day excludes nothing. BigQuery requires one from whoever reads
-- the fact, and MetricFlow writes none, or one with a function around the column.
with costs as (

    select * from {{ ref('fct_cost_daily') }}
    where {{ in_days('cost_date', none) }}

),

vendors as (

    select * from {{ ref('vendors') }}

),

api_keys as (

    select * from {{ ref('dim_api_keys') }}

),

described as (

    select
        costs.cost_date,
        costs.platform_code,
        costs.vendor,
        costs.organization,
        costs.user_sk,
        costs.user_email,
        costs.department,
        costs.team,
        costs.cost_center,
        costs.api_key_id,
        costs.workspace_id,
        costs.product,
        costs.model,
        costs.usage_category,
        costs.cost_type,
        costs.token_type,
        costs.allocation_method,
        costs.attribution_method,
        costs.attribution_confidence,
        costs.is_attributed,
        costs.list_cost_usd,
        costs.billed_cost_usd,
        costs.effective_cost_usd,
        api_keys.api_key_label,
        {{ vendor_name('vendors', 'costs.vendor') }} as vendor_name
    from costs
    left join vendors
        on costs.vendor = vendors.vendor
    left join api_keys
        on costs.api_key_id = api_keys.api_key_id

)

select * from described
