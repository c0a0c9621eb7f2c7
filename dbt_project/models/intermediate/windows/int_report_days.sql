-- GRAIN: one row per source, resource, organization and day that is reported on
-- A window is the day that its records are of, unless the vendor says which days they
-- are of. Google's windows are the days on which it exported records of earlier days.
with windows as (

    select * from {{ ref('int_windows') }}

),

report_days as (

    {{ all_vendors('report_days') }}

),

unioned as (

    select
        source_name,
        resource,
        organization,
        load_id,
        records,
        window_start,
        loaded_at,
        is_daily
    from windows

    union all

    select
        vendor as source_name,
        resource,
        organization,
        load_id,
        records,
        window_start,
        loaded_at,
        true as is_daily
    from report_days

)

select * from unioned
