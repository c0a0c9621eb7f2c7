{{ config(materialized='view') }}

-- The condition on the day excludes nothing. BigQuery requires one from whoever reads
-- the fact, and MetricFlow writes none, or one with a function around the column.
with costs as (

    select * from {{ ref('fct_cost_daily') }}
    where {{ in_days('cost_date', none) }}

),

described as (

    select
        cost_date,
        platform_code,
        vendor,
        organization,
        user_sk,
        user_email,
        department,
        team,
        cost_center,
        api_key_id,
        workspace_id,
        product,
        model,
        usage_category,
        cost_type,
        token_type,
        allocation_method,
        attribution_method,
        is_attributed,
        list_cost_usd,
        billed_cost_usd,
        effective_cost_usd
    from costs

)

select * from described
