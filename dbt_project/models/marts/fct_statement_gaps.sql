{{ config(materialized='table') }}

-- GRAIN: one row per month, vendor and organization whose cost of the month has not all
-- been reported
with windows as (

    select * from {{ ref('int_windows') }}
    where is_daily

),

cost_reports as (

    select * from {{ ref('cost_reports') }}

),

days as (

    select * from {{ ref('int_days') }}

),

landed as (

    select distinct
        windows.source_name as vendor,
        windows.organization,
        windows.window_start as report_date
    from windows
    inner join cost_reports
        on
            windows.source_name = cost_reports.vendor
            and windows.resource = cost_reports.resource

),

late_days as (

    select
        vendor,
        max(days_after_month) as days_after_month
    from cost_reports
    group by vendor

),

first_days as (

    select
        vendor,
        organization,
        min(report_date) as first_date
    from landed
    group by vendor, organization

),

organizations as (

    select
        first_days.vendor,
        first_days.organization,
        first_days.first_date,
        late_days.days_after_month,
        {{ last_day_of('first_days.vendor', 'first_days.organization') }} as last_date,
        -- What was used on the last day is still reported after it.
        {{ add_days(
            last_day_of('first_days.vendor', 'first_days.organization'),
            'late_days.days_after_month'
        ) }} as last_report_date
    from first_days
    inner join late_days
        on first_days.vendor = late_days.vendor

),

months as (

    select distinct
        month_start_date as month,
        {{ next_first_day('month', 'month_start_date') }} as next_month
    from days
    where month_start_date < {{ as_of_date() }}

),

-- From the month on in which an organization is first known.
due as (

    select
        months.month,
        organizations.vendor,
        organizations.organization,
        organizations.first_date,
        organizations.last_date,
        least(
            {{ add_days('months.next_month', 'organizations.days_after_month') }},
            {{ add_days('organizations.last_report_date', 1) }}
        ) as complete_on,
        days.date_day as report_date
    from organizations
    inner join months
        on organizations.first_date < months.next_month
    inner join days
        on
            months.month <= days.date_day
            and {{ add_days('months.next_month', 'organizations.days_after_month') }}
            > days.date_day
    where organizations.last_report_date >= days.date_day

),

compared as (

    select
        due.month,
        due.vendor,
        due.organization,
        cast(
            count(
                case
                    when
                        due.report_date >= due.first_date
                        and due.report_date <= due.last_date
                        and due.report_date < {{ as_of_date() }}
                        and landed.report_date is null
                        then due.report_date
                end
            ) as int64
        ) as days_missing,
        min(case when due.first_date > due.month then due.first_date end) as known_from,
        min(case when due.complete_on > {{ as_of_date() }} then due.complete_on end)
            as complete_on
    from due
    left join landed
        on
            due.vendor = landed.vendor
            and due.organization = landed.organization
            and due.report_date = landed.report_date
    group by due.month, due.vendor, due.organization

)

select * from compared
where
    days_missing > 0
    or known_from is not null
    or complete_on is not null
