{{ config(materialized='table', tags=['every_run']) }}

-- GRAIN: one row per model, day that it must build again, and reason
with build_log as (

    select
        model_name,
        max(loads_through) as loads_through,
        max(as_of_date) as as_of_date
    from {{ source('build', 'build_log') }}
    group by model_name

),

positions as (

    select * from {{ ref('int_build_positions') }}

),

windows as (

    select * from {{ ref('int_windows') }}
    where is_daily

),

days as (

    select * from {{ ref('int_days') }}

),

seat_changes as (

    select * from {{ ref('int_changed_rules') }}
    where rule_type = 'seat'

),

reported_days as (

    select
        build_log.model_name,
        windows.window_start as changed_date,
        'the vendor reported it' as reason
    from build_log
    inner join windows
        on build_log.loads_through < windows.loaded_at

),

-- Seats begin with the cycle in which history begins: an earlier beginning gives seats
-- to the days between, whether or not a vendor reported them.
beginnings as (

    select
        build_log.model_name,
        min(windows.window_start) as first_day,
        min(
            case
                when windows.loaded_at <= build_log.loads_through
                    then windows.window_start
            end
        ) as first_day_before
    from build_log
    inner join windows
        on windows.records > 0
    group by build_log.model_name

),

earlier_days as (

    select
        beginnings.model_name,
        days.date_day as changed_date,
        'history begins earlier' as reason
    from beginnings
    cross join positions
    inner join days
        on
            days.date_day >= {{ first_day_of('year', 'beginnings.first_day') }}
            and days.date_day
            < coalesce(beginnings.first_day_before, positions.as_of_date)
    where
        beginnings.first_day
        < coalesce(beginnings.first_day_before, positions.as_of_date)

),

elapsed_days as (

    {{ elapsed_days() }}

),

seat_days as (

    select
        seat_changes.model_name,
        days.date_day as changed_date,
        'a seat changed' as reason
    from seat_changes
    cross join positions
    inner join days
        on
            seat_changes.changed_from <= days.date_day
            and seat_changes.changed_to > days.date_day
            and positions.as_of_date > days.date_day

),

-- A seat is billed on the first day of its month or year.
billing_days as (

    select
        model_name,
        {{ first_day_of('month', 'changed_date') }} as changed_date,
        'a seat changed in the month that it bills' as reason
    from seat_days

    union all

    select
        model_name,
        {{ first_day_of('year', 'changed_date') }} as changed_date,
        'a seat changed in the year that it bills' as reason
    from seat_days

),

unioned as (

    select * from reported_days

    union all

    select * from earlier_days

    union all

    select * from elapsed_days

    union all

    select * from seat_days

    union all

    select * from billing_days

),

deduplicated as (

    select distinct
        model_name,
        changed_date,
        reason
    from unioned

)

select * from deduplicated
