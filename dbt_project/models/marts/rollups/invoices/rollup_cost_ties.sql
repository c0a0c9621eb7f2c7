{{ config(**replaced_by_day(
    'cost_date', changes='int_changed_days', cluster_by=['vendor', 'organization']
)) }}

-- GRAIN: one row per day, vendor, organization, platform and measure
-- The reported side sums the records; nothing that allocates or attributes, and no join
-- that could add a row or lose one.
{% set days = changed_days(ref('int_changed_days')) %}

with records as (

    {{ all_vendors('cost_records', in_days('cost_date', days)) }}

),

windows as (

    select * from {{ ref('int_windows') }}

),

costs as (

    select * from {{ ref('fct_cost_daily') }}
    where {{ in_days('cost_date', days) }}

),

-- The newest version of each window; none where another report of the day counts instead.
reported as (

    select
        records.cost_date,
        records.vendor,
        records.organization,
        records.platform_code,
        'billed' as measure,
        sum(records.billed_cost_usd) as reported_usd
    from records
    inner join windows
        on
            records.vendor = windows.source_name
            and records.organization = windows.organization
            and records.resource = windows.resource
            and records.cost_date = windows.window_start
            and records.load_id = windows.load_id
    left join windows as counted_instead
        on
            records.vendor = counted_instead.source_name
            and records.organization = counted_instead.organization
            and records.superseded_by = counted_instead.resource
            and records.cost_date = counted_instead.window_start
    where counted_instead.resource is null
    group by
        records.cost_date,
        records.vendor,
        records.organization,
        records.platform_code

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
