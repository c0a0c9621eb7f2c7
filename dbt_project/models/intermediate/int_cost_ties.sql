{{ config(**replaced_by_day(
    'cost_date', changes='int_changed_days', cluster_by=['vendor', 'organization']
)) }}

-- GRAIN: one row per day, vendor, organization, platform and measure
-- The reported side sums the records; nothing that allocates or attributes, and no join
-- that could add a row or lose one.
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

products as (

    select * from {{ ref('anthropic_products') }}

),

workspaces as (

    select * from {{ ref('int_workspaces') }}

),

charges as (

    select * from {{ ref('int_cursor_charges') }}
    where {{ in_days('usage_date', days) }}

),

costs as (

    select * from {{ ref('fct_cost_daily') }}
    where {{ in_days('cost_date', days) }}

),

analytics_costs as (

    select
        analytics.cost_date,
        analytics.organization,
        {{ anthropic_platform('products.platform_code', 'analytics.organization') }}
            as platform_code,
        analytics.billed_cost_usd
    from analytics
    left join products
        on analytics.product = products.product

),

legacy_costs as (

    select
        legacy.cost_date,
        legacy.organization,
        {{ anthropic_platform(
            "case when workspaces.workspace_name = 'Claude Code' then 'claude_code' end",
            'legacy.organization'
        ) }} as platform_code,
        legacy.billed_cost_usd
    from legacy
    left join analytics_windows
        on
            legacy.organization = analytics_windows.organization
            and legacy.cost_date = analytics_windows.window_start
    left join workspaces
        on legacy.workspace_id = workspaces.workspace_id
    where analytics_windows.organization is null

),

reported as (

    select
        cost_date,
        'anthropic' as vendor,
        organization,
        platform_code,
        'billed' as measure,
        sum(billed_cost_usd) as reported_usd
    from analytics_costs
    group by cost_date, organization, platform_code

    union all

    select
        cost_date,
        'anthropic' as vendor,
        organization,
        platform_code,
        'billed' as measure,
        sum(billed_cost_usd) as reported_usd
    from legacy_costs
    group by cost_date, organization, platform_code

    union all

    -- What Cursor charges on demand; kinds that nobody knows are billed.
    select
        usage_date as cost_date,
        'cursor' as vendor,
        organization,
        'cursor' as platform_code,
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
        platform_code,
        'billed' as measure,
        sum(billed_cost_usd) as marts_usd
    from costs
    where source != 'seat_plans'
    group by cost_date, vendor, organization, platform_code

),

compared as (

    select
        coalesce(reported.cost_date, held.cost_date) as cost_date,
        coalesce(reported.vendor, held.vendor) as vendor,
        coalesce(reported.organization, held.organization) as organization,
        coalesce(reported.platform_code, held.platform_code) as platform_code,
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
            and reported.platform_code = held.platform_code
            and reported.measure = held.measure

)

select * from compared
