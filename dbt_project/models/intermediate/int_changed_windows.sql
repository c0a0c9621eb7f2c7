{{ config(materialized='table') }}

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

history as (

    select min(window_start) as first_day
    from windows
    where records > 0

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

-- An earlier first day gives its whole month seats.
first_months as (

    select
        reported_days.model_name,
        days.date_day as changed_date,
        'seats of the first month' as reason
    from reported_days
    inner join days
        on
            reported_days.changed_date > days.date_day
            and days.month_start_date
            = {{ first_day_of('month', 'reported_days.changed_date') }}
    inner join history
        on reported_days.changed_date = history.first_day

),

elapsed_days as (

    select
        build_log.model_name,
        days.date_day as changed_date,
        'the day is over' as reason
    from build_log
    cross join positions
    inner join days
        on
            build_log.as_of_date <= days.date_day
            and positions.as_of_date > days.date_day

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

    select * from first_months

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
