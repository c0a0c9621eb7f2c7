-- GRAIN: one row per platform that people used in the two weeks, and one for all
-- platforms
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
        platform_code,
        count(distinct week_email) as week_people,
        count(distinct week_before_email) as week_before_people
    from by_week
    group by platform_code

),

unioned as (

    select
        false as is_total,
        platforms.platform_code,
        platforms.platform_name,
        counted.week_people,
        counted.week_before_people
    from counted
    inner join platforms
        on counted.platform_code = platforms.platform_code

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
        unioned.*
    from unioned

)

select * from dated
