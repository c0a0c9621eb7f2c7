{{ config(materialized='table') }}

-- GRAIN: one row per day to build again, and reason
with last_run as (

    {{ last_completed_run() }}

),

report_days as (

    select * from {{ ref('int_report_days') }}
    where is_daily

),

-- As in int_seat_costs, whose seats begin with them.
windows as (

    select * from {{ ref('int_windows') }}
    where
        is_daily
        and records > 0

),

days as (

    select * from {{ ref('int_days') }}

),

seat_changes as (

    select * from {{ ref('int_changed_rules') }}
    where rule_type = 'seat'

),

changed_rates as (

    select * from {{ ref('stg_changed_rates') }}

),

reported_days as (

    select
        report_days.window_start as changed_date,
        'the vendor reported it' as reason
    from last_run
    inner join report_days
        on last_run.loads_through < report_days.loaded_at

),

-- Seats begin with the cycle in which history begins, at most a year earlier: an
-- earlier beginning gives seats to the days between, whoever reported them.
beginnings as (

    select
        min(windows.window_start) as first_day,
        min(
            case
                when windows.loaded_at <= last_run.loads_through
                    then windows.window_start
            end
        ) as first_day_before
    from last_run
    cross join windows

),

earlier_days as (

    select
        days.date_day as changed_date,
        'history begins earlier' as reason
    from beginnings
    inner join days
        on
            days.date_day >= {{ add_months('beginnings.first_day', -12) }}
            and days.date_day
            < coalesce(beginnings.first_day_before, {{ as_of_date() }})
    where
        beginnings.first_day
        < coalesce(beginnings.first_day_before, {{ as_of_date() }})

),

elapsed_days as (

    {{ elapsed_days() }}

),

-- On the day after the last, what is left of a year may be a credit.
seat_days as (

    select
        days.date_day as changed_date,
        'a seat changed' as reason
    from seat_changes
    inner join days
        on
            seat_changes.changed_from <= days.date_day
            and seat_changes.changed_to >= days.date_day
            and days.date_day < {{ as_of_date() }}

),

-- The first of a month bills its days, also those to come: a seat that is taken or
-- given up today changes it. A year is billed on the first of its days.
billing_days as (

    select
        days.month_start_date as changed_date,
        'a seat changed in the month that it bills' as reason
    from seat_changes
    inner join days
        on
            seat_changes.changed_from <= days.date_day
            and seat_changes.changed_to >= days.date_day
            and days.month_start_date < {{ as_of_date() }}

),

rate_days as (

    select
        days.date_day as changed_date,
        'an exchange rate changed' as reason
    from changed_rates
    inner join days
        on
            changed_rates.changed_from <= days.date_day
            and days.date_day < {{ as_of_date() }}

),

unioned as (

    select * from reported_days

    union all

    select * from rate_days

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
        changed_date,
        reason
    from unioned

)

select * from deduplicated
