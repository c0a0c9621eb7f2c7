-- GRAIN: one row per platform that people used in the two weeks, and one for all
with usages as (

    select * from {{ ref('fct_usage_daily') }}
    where
        usage_date >= {{ days_before_run(14) }}
        and usage_date < {{ as_of_date() }}
        and user_email != {{ unattributed() }}

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

by_week as (

    select
        platform_code,
        case when usage_date >= {{ days_before_run(7) }} then user_email end
            as week_email,
        case when usage_date < {{ days_before_run(7) }} then user_email end
            as week_before_email
    from usages

),

counted as (

    select
        false as is_total,
        platforms.platform_code,
        platforms.platform_name,
        count(distinct by_week.week_email) as week_people,
        count(distinct by_week.week_before_email) as week_before_people
    from by_week
    inner join platforms
        on by_week.platform_code = platforms.platform_code
    group by platforms.platform_code, platforms.platform_name

    union all

    select
        true as is_total,
        'any' as platform_code,
        'any' as platform_name,
        count(distinct week_email) as week_people,
        count(distinct week_before_email) as week_before_people
    from by_week

),

dated as (

    select
        {{ as_of_date() }} as as_of_date,
        counted.*
    from counted

)

select * from dated
