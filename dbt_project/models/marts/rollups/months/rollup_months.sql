{{ config(materialized='table') }}

-- GRAIN: one row per month with any usage or cost
with costs as (

    select distinct month from {{ ref('rollup_costs_by_month') }}

),

usages as (

    select distinct month from {{ ref('rollup_usages_by_month') }}

),

days as (

    select * from {{ ref('int_days') }}

),

months as (

    select month from costs

    union distinct

    select month from usages

),

described as (

    select
        months.month,
        {{ add_months('months.month', -1) }} as previous_month,
        {{ next_first_day('month', 'months.month') }} as next_month,
        {{ first_day_of('quarter', 'months.month') }} as quarter_start_date,
        {{ is_complete_month('months.month') }} as is_complete_month,
        count(days.date_day) as days_in_month,
        count(case when days.date_day < {{ as_of_date() }} then days.date_day end)
            as elapsed_days,
        count(
            case
                when
                    days.date_day < {{ as_of_date() }}
                    and {{ iso_weekday('days.date_day') }} <= 5
                    then days.date_day
            end
        ) as elapsed_weekdays,
        -- The month is described as it was on this day.
        max(
            case
                when
                    days.date_day < {{ as_of_date() }}
                    or days.date_day = months.month
                    then days.date_day
            end
        ) as last_elapsed_day
    from months
    inner join days
        on months.month = days.month_start_date
    group by months.month

)

select * from described
