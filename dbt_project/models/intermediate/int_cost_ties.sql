{{ config(**replaced_by_day(
    'cost_date', changes='int_changed_days', cluster_by=['vendor', 'organization']
)) }}

-- GRAIN: one row per day, vendor, organization and measure
-- The reported side sums the records; nothing that allocates, attributes or joins.
{% set days = changed_days(ref('int_changed_days')) %}

with analytics as (

    select * from {{ ref('stg_anthropic__analytics_costs') }}
    where {{ in_days('cost_date', days) }}

),

legacy as (

    select * from {{ ref('stg_anthropic__costs') }}
    where {{ in_days('cost_date', days) }}

),

analytics_windows as (

    select * from {{ ref('base_anthropic__windows') }}
    where resource = 'analytics_cost'

),

charges as (

    select * from {{ ref('int_cursor_charges') }}
    where {{ in_days('usage_date', days) }}

),

costs as (

    select * from {{ ref('fct_cost_daily') }}
    where {{ in_days('cost_date', days) }}

),

reported as (

    select
        cost_date,
        'anthropic' as vendor,
        organization,
        'billed' as measure,
        sum(billed_cost_usd) as reported_usd
    from analytics
    group by cost_date, organization

    union all

    select
        legacy.cost_date,
        'anthropic' as vendor,
        legacy.organization,
        'billed' as measure,
        sum(legacy.billed_cost_usd) as reported_usd
    from legacy
    left join analytics_windows
        on
            legacy.organization = analytics_windows.organization
            and legacy.cost_date = analytics_windows.window_start
    where analytics_windows.organization is null
    group by legacy.cost_date, legacy.organization

    union all

    -- What Cursor charges on demand; kinds that nobody knows are billed.
    select
        usage_date as cost_date,
        'cursor' as vendor,
        organization,
        'billed' as measure,
        sum(charge_usd) as reported_usd
    from charges
    where charge_category in ('on_demand', 'unknown')
    group by usage_date, organization

),

held as (

    select
        cost_date,
        vendor,
        organization,
        'billed' as measure,
        sum(billed_cost_usd) as marts_usd
    from costs
    where source != 'seat_plans'
    group by cost_date, vendor, organization

),

compared as (

    select
        coalesce(reported.cost_date, held.cost_date) as cost_date,
        coalesce(reported.vendor, held.vendor) as vendor,
        coalesce(reported.organization, held.organization) as organization,
        coalesce(reported.measure, held.measure) as measure,
        cast(coalesce(reported.reported_usd, 0) as {{ type_money() }}) as reported_usd,
        cast(coalesce(held.marts_usd, 0) as {{ type_money() }}) as marts_usd,
        cast(
            coalesce(held.marts_usd, 0) - coalesce(reported.reported_usd, 0)
            as {{ type_money() }}
        ) as difference_usd
    from reported
    full outer join held
        on
            reported.cost_date = held.cost_date
            and reported.vendor = held.vendor
            and reported.organization = held.organization
            and reported.measure = held.measure

)

select * from compared
