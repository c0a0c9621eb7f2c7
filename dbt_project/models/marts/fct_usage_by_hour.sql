{{ config(**replaced_by_month(
    'month', changes='int_changed_days', cluster_by=['platform_code']
)) }}

-- GRAIN: one row per month, platform, and weekday and hour on the company's clock
{% set days = days_of_changed_months(ref('int_changed_days')) %}

with hours as (

    select
        *,
        {{ first_day_of('month', 'usage_date') }} as month,
        case when user_email != {{ unattributed() }} then user_email end as person
    from {{ ref('rollup_usage_hours') }}
    where {{ in_days('usage_date', days) }}

),

people as (

    select
        month,
        platform_code,
        count(distinct person) as people
    from hours
    group by month, platform_code

),

counted as (

    select
        month,
        platform_code,
        iso_weekday,
        local_hour,
        is_outside_hours,
        sum(requests) as requests,
        count(distinct person) as people
    from hours
    group by month, platform_code, iso_weekday, local_hour, is_outside_hours

),

-- The hours of fewer people than are a group would be theirs.
suppressed as (

    select
        counted.month,
        counted.platform_code,
        counted.iso_weekday,
        counted.local_hour,
        counted.is_outside_hours,
        cast(
            case
                when people.people >= {{ var('smallest_group_shown') }}
                    then counted.requests
            end
            as int64
        ) as requests,
        cast(
            case
                when counted.people >= {{ var('smallest_group_shown') }}
                    then counted.people
            end
            as int64
        ) as people
    from counted
    inner join people
        on
            counted.month = people.month
            and counted.platform_code = people.platform_code

)

select * from suppressed
