{{ config(materialized='view') }}

-- GRAIN: one row per vendor and organization
with ties as (

    select * from {{ ref('rollup_cost_ties') }}

),

summed as (

    select
        vendor,
        organization,
        max(cost_date) as last_date,
        count(distinct cost_date) as days_compared,
        count(distinct case when difference_usd != 0 then cost_date end)
            as differing_days,
        cast(sum(reported_usd) as {{ type_money() }}) as reported_usd,
        cast(sum(marts_usd) as {{ type_money() }}) as marts_usd,
        cast(sum(difference_usd) as {{ type_money() }}) as difference_usd
    from ties
    group by vendor, organization

)

select * from summed
