-- GRAIN: one row per day, vendor, organization and platform
-- Sums the records themselves; nothing that allocates or attributes, and no join that
-- could add a row or lose one.
with records as (

    {{ all_vendors('cost_records') }}

),

windows as (

    select * from {{ ref('int_windows') }}

),

-- The newest version of each window; none where another report of the day counts.
reported as (

    select
        records.cost_date,
        records.vendor,
        records.organization,
        records.platform_code,
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
    group by all

)

select * from reported
