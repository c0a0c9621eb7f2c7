{{ config(**replaced_by_month(
    'month', changes='int_changed_days', cluster_by=['user_email']
)) }}

-- GRAIN: one row per month and person
-- A day with two tools counts once, so the days of the tools cannot be summed.
{% set days = days_of_changed_months(ref('int_changed_days')) %}

with usages as (

    select * from {{ ref('fct_usage_daily') }}
    where
        {{ in_days('usage_date', days) }}
        and user_email != {{ unattributed() }}

),

platforms as (

    select * from {{ ref('platforms') }}

),

used_days as (

    select distinct
        usages.user_email,
        usages.usage_date,
        {{ first_day_of('month', 'usages.usage_date') }} as month,
        {{ iso_weekday('usages.usage_date') }} <= 5 as is_weekday,
        usages.usage_category,
        coalesce(platforms.measures_lines, false) as is_engineering
    from usages
    left join platforms
        on usages.platform_code = platforms.platform_code

),

counted as (

    select
        month,
        user_email,
        count(distinct usage_date) as active_days,
        count(distinct case when is_engineering then usage_date end)
            as engineering_days,
        count(distinct case when is_engineering and is_weekday then usage_date end)
            as engineering_weekdays,
        max(case usage_category when 'engineering_productivity' then 1 else 0 end) = 1
            as does_engineering,
        max(case usage_category when 'knowledge_work' then 1 else 0 end) = 1
            as does_knowledge_work
    from used_days
    group by month, user_email

),

-- Use of an API alone says nothing about a person's kind of work.
typed as (

    select
        month,
        user_email,
        active_days,
        engineering_days,
        engineering_weekdays,
        case
            when does_engineering and does_knowledge_work then 'hybrid'
            when does_engineering then 'engineering'
            when does_knowledge_work then 'knowledge_worker'
        end as user_type
    from counted

)

select * from typed
