{{ config(materialized='table') }}

-- GRAIN: one row per day to judge again, and reason
with last_run as (

    {{ last_completed_run() }}

),

changed_days as (

    select * from {{ ref('int_changed_days') }}

),

windows as (

    select * from {{ ref('int_revops_windows') }}
    where is_daily

),

days as (

    select * from {{ ref('int_days') }}

),

reported_days as (

    select
        windows.window_start as changed_date,
        'a source of RevOps reported it' as reason
    from last_run
    inner join windows
        on last_run.loads_through < windows.loaded_at

),

-- A source is judged from its first day on, also on days on which nothing happened.
beginnings as (

    select
        windows.source_name,
        min(windows.window_start) as first_day,
        min(
            case
                when windows.loaded_at <= last_run.loads_through
                    then windows.window_start
            end
        ) as first_day_before
    from last_run
    cross join windows
    group by windows.source_name

),

earlier_days as (

    select
        days.date_day as changed_date,
        'a source of RevOps begins earlier' as reason
    from beginnings
    inner join days
        on
            beginnings.first_day <= days.date_day
            and days.date_day
            < coalesce(beginnings.first_day_before, {{ as_of_date() }})

),

unioned as (

    select * from changed_days

    union all

    select * from reported_days

    union all

    select * from earlier_days

),

deduplicated as (

    select distinct
        changed_date,
        reason
    from unioned

)

select * from deduplicated
