-- GRAIN: one row per cost window and version
-- Everything goes through unions and groupings by day, so that the days that a reader wants
-- reach the raw tables. A load that is not complete has records, and no version of them.
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

landed as (

    select
        window_start as window_date,
        'anthropic' as vendor,
        organization,
        resource,
        load_id,
        loaded_at,
        records,
        cast(0 as {{ type_money() }}) as billed_cost_usd
    from anthropic_versions

    union all

    select
        window_start as window_date,
        'cursor' as vendor,
        organization,
        resource,
        load_id,
        loaded_at,
        records,
        cast(0 as {{ type_money() }}) as billed_cost_usd
    from cursor_versions

    union all

    select
        cost_date as window_date,
        'anthropic' as vendor,
        organization,
        'analytics_cost' as resource,
        load_id,
        cast(null as {{ dbt.type_timestamp() }}) as loaded_at,
        cast(null as int64) as records,
        billed_cost_usd
    from analytics

    union all

    select
        cost_date as window_date,
        'anthropic' as vendor,
        organization,
        'cost_report' as resource,
        load_id,
        cast(null as {{ dbt.type_timestamp() }}) as loaded_at,
        cast(null as int64) as records,
        billed_cost_usd
    from legacy

    union all

    select
        usage_date as window_date,
        'cursor' as vendor,
        organization,
        'usage_events' as resource,
        load_id,
        cast(null as {{ dbt.type_timestamp() }}) as loaded_at,
        cast(null as int64) as records,
        charge_usd as billed_cost_usd
    from charges
    where {{ is_cash('charge_category') }}

),

versions as (

    select
        window_date,
        vendor,
        organization,
        resource,
        load_id,
        max(loaded_at) as reported_at,
        max(records) as records,
        cast(sum(billed_cost_usd) as {{ type_money() }}) as reported_usd
    from landed
    group by window_date, vendor, organization, resource, load_id
    having max(loaded_at) is not null

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
    from versions

),

-- From the day's first analytics report on, the legacy report of the day does not count.
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
