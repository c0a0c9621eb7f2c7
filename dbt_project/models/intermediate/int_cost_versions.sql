-- GRAIN: one row per cost window and version
-- Days come from the records and pass through unions and groupings only, so that those
-- that a reader wants reach the raw tables.
with anthropic_versions as (

    select * from {{ ref('base_anthropic__versions') }}
    where resource in ('analytics_cost', 'cost_report')

),

cursor_versions as (

    select * from {{ ref('base_cursor__versions') }}
    where resource = 'usage_events'

),

analytics as (

    select * from {{ ref('base_anthropic__analytics_costs') }}

),

legacy as (

    select * from {{ ref('base_anthropic__costs') }}

),

events as (

    select * from {{ ref('base_cursor__usage_events') }}

),

kinds as (

    select * from {{ ref('cursor_usage_kinds') }}

),

charges as (

    select
        events.usage_date,
        events.organization,
        events.load_id,
        {{ cursor_charge_category('kinds') }} as charge_category,
        {{ cursor_charge_usd('events') }} as charge_usd
    from events
    left join kinds
        on events.kind_code = kinds.kind_code

),

versions as (

    select
        'anthropic' as vendor,
        organization,
        resource,
        load_id,
        records,
        window_start,
        loaded_at
    from anthropic_versions

    union all

    select
        'cursor' as vendor,
        organization,
        resource,
        load_id,
        records,
        window_start,
        loaded_at
    from cursor_versions

),

-- A version without records has its row as well.
billed as (

    select
        vendor,
        organization,
        resource,
        load_id,
        records,
        window_start as window_date,
        loaded_at as reported_at,
        cast(0 as {{ type_money() }}) as billed_cost_usd
    from versions

    union all

    select
        versions.vendor,
        versions.organization,
        versions.resource,
        versions.load_id,
        versions.records,
        analytics.cost_date as window_date,
        versions.loaded_at as reported_at,
        analytics.billed_cost_usd
    from analytics
    inner join versions
        on
            analytics.organization = versions.organization
            and analytics.cost_date = versions.window_start
            and analytics.load_id = versions.load_id
    where
        versions.vendor = 'anthropic'
        and versions.resource = 'analytics_cost'

    union all

    select
        versions.vendor,
        versions.organization,
        versions.resource,
        versions.load_id,
        versions.records,
        legacy.cost_date as window_date,
        versions.loaded_at as reported_at,
        legacy.billed_cost_usd
    from legacy
    inner join versions
        on
            legacy.organization = versions.organization
            and legacy.cost_date = versions.window_start
            and legacy.load_id = versions.load_id
    where
        versions.vendor = 'anthropic'
        and versions.resource = 'cost_report'

    union all

    select
        versions.vendor,
        versions.organization,
        versions.resource,
        versions.load_id,
        versions.records,
        charges.usage_date as window_date,
        versions.loaded_at as reported_at,
        charges.charge_usd as billed_cost_usd
    from charges
    inner join versions
        on
            charges.organization = versions.organization
            and charges.usage_date = versions.window_start
            and charges.load_id = versions.load_id
    where
        versions.vendor = 'cursor'
        and versions.resource = 'usage_events'
        and {{ is_cash('charges.charge_category') }}

),

summed as (

    select
        window_date,
        vendor,
        organization,
        resource,
        load_id,
        reported_at,
        records,
        cast(sum(billed_cost_usd) as {{ type_money() }}) as reported_usd
    from billed
    group by
        window_date, vendor, organization, resource, load_id, reported_at, records

),

numbered as (

    select
        window_date,
        vendor,
        organization,
        resource,
        load_id,
        reported_at,
        records,
        reported_usd,
        row_number() over (
            partition by window_date, vendor, organization, resource
            order by reported_at, load_id
        ) as version_number,
        lead(reported_at) over (
            partition by window_date, vendor, organization, resource
            order by reported_at, load_id
        ) as next_reported_at,
        min(case when resource = 'analytics_cost' then reported_at end) over (
            partition by window_date, vendor, organization
        ) as analytics_reported_at
    from summed

),

-- From the day's first analytics report on, the legacy report of that day does not
-- count.
superseded as (

    select
        window_date,
        vendor,
        organization,
        resource,
        load_id,
        version_number,
        records,
        reported_usd,
        reported_at,
        case
            when resource = 'cost_report'
                then least(
                    coalesce(next_reported_at, analytics_reported_at),
                    coalesce(analytics_reported_at, next_reported_at)
                )
            else next_reported_at
        end as superseded_at
    from numbered

)

select * from superseded
