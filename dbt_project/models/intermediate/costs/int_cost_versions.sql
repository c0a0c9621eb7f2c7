-- GRAIN: one row per cost window and version
-- Days come from the records and pass only through unions and groupings, so that a
-- reader's condition on the days reaches the raw tables.
with versions as (

    {{ all_vendors('cost_versions') }}

),

records as (

    {{ all_vendors('cost_records') }}

),

-- A version without records has a row too.
billed as (

    select
        vendor,
        organization,
        resource,
        load_id,
        superseded_by,
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
        versions.superseded_by,
        versions.records,
        records.cost_date as window_date,
        versions.loaded_at as reported_at,
        records.billed_cost_usd
    from records
    inner join versions
        on
            records.vendor = versions.vendor
            and records.organization = versions.organization
            and records.resource = versions.resource
            and records.cost_date = versions.window_start
            and records.load_id = versions.load_id

),

summed as (

    select
        window_date,
        vendor,
        organization,
        resource,
        load_id,
        superseded_by,
        reported_at,
        records,
        cast(sum(billed_cost_usd) as {{ type_money() }}) as reported_usd
    from billed
    group by all

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
        superseded_by,
        row_number() over (
            partition by window_date, vendor, organization, resource
            order by reported_at, load_id
        ) as version_number,
        lead(reported_at) over (
            partition by window_date, vendor, organization, resource
            order by reported_at, load_id
        ) as next_reported_at,
        min(case when superseded_by is null then reported_at end) over (
            partition by
                window_date, vendor, organization, coalesce(superseded_by, resource)
        ) as superseding_reported_at
    from summed

),

-- Once a report supersedes it, a report of the same day no longer counts.
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
            when superseded_by is not null
                then least(
                    coalesce(next_reported_at, superseding_reported_at),
                    coalesce(superseding_reported_at, next_reported_at)
                )
            else next_reported_at
        end as superseded_at
    from numbered

)

select * from superseded
