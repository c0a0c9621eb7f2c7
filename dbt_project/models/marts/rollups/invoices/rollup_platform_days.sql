{{ config(**replaced_by_day(
    'cost_date', changes='int_changed_days', cluster_by=['platform_code', 'organization']
)) }}

-- GRAIN: one row per day, platform, organization and invoice month
-- The models that reconcile months and invoices read this and not the facts, because
-- its size does not depend on the size of the company.
{% set days = changed_days(ref('int_changed_days')) %}

with ties as (

    select * from {{ ref('rollup_cost_ties') }}
    where {{ in_days('cost_date', days) }}

),

costs as (

    select * from {{ ref('fct_cost_daily') }}
    where {{ in_days('cost_date', days) }}

),

unioned as (

    select
        cost_date,
        platform_code,
        vendor,
        organization,
        invoice_month,
        reported_usd,
        0 as billed_usd,
        0 as seats_usd
    from ties

    union all

    select
        cost_date,
        platform_code,
        vendor,
        organization,
        invoice_month,
        0 as reported_usd,
        billed_cost_usd as billed_usd,
        case when source = 'seat_plans' then billed_cost_usd else 0 end as seats_usd
    from costs

),

summed as (

    select
        cost_date,
        platform_code,
        vendor,
        organization,
        invoice_month,
        cast(sum(reported_usd) as {{ type_money() }}) as reported_usd,
        cast(sum(billed_usd) as {{ type_money() }}) as billed_usd,
        cast(sum(seats_usd) as {{ type_money() }}) as seats_usd
    from unioned
    group by all

)

select * from summed
