{{ config(**replaced_by_day(
    'metric_date',
    changes='int_changed_revops_days',
    cluster_by=['team_id'],
    reach=29
)) }}

-- GRAIN: one row per day and team of which somebody was active in the 30 days up to it
{% set days = changed_days(ref('int_changed_revops_days')) %}

with activities as (

    select * from {{ ref('dau_all') }}
    where
        {{ in_days('activity_date', days_since(days, 29)) }}
        and is_core_active

),

days as (

    select date_day from {{ ref('int_days') }}
    where
        {{ in_days('date_day', days) }}
        and date_day < {{ as_of_date() }}

),

-- What a person did in the 30 days that end on a day.
rolled as (

    select
        days.date_day as metric_date,
        activities.team_id,
        activities.user_id,
        max(activities.activity_date) as last_active_date,
        sum(activities.agent_requests) as agent_requests,
        max(case when activities.uses_agent then 1 else 0 end) as uses_agent,
        max(case when activities.uses_rules then 1 else 0 end) as uses_rules,
        max(case when activities.uses_mcp then 1 else 0 end) as uses_mcp,
        max(case when activities.uses_plan_mode then 1 else 0 end) as uses_plan_mode
    from days
    inner join activities
        on
            days.date_day >= activities.activity_date
            and days.date_day <= {{ add_days('activities.activity_date', 29) }}
    group by days.date_day, activities.team_id, activities.user_id

),

counted as (

    select
        metric_date,
        team_id,
        cast(sum(case when last_active_date = metric_date then 1 else 0 end) as int64)
            as active_users_1d,
        cast(
            sum(
                case
                    when {{ days_between('metric_date', 'last_active_date') }} < 7
                        then 1
                    else 0
                end
            ) as int64
        ) as active_users_7d,
        count(*) as active_users_30d,
        cast(
            sum(
                case
                    when
                        agent_requests
                        >= {{ var('revops_power_user_agent_requests') }}
                        then 1
                    else 0
                end
            ) as int64
        ) as agent_power_users,
        cast(sum(uses_agent) as int64) as users_of_agent,
        cast(sum(uses_rules) as int64) as users_of_rules,
        cast(sum(uses_mcp) as int64) as users_of_mcp,
        cast(sum(uses_plan_mode) as int64) as users_of_plan_mode
    from rolled
    group by metric_date, team_id

),

shared as (

    select
        *,
        {{ ratio('users_of_agent', 'active_users_30d') }} as agent_adoption_rate,
        {{ ratio('users_of_rules', 'active_users_30d') }} as rules_adoption_rate,
        {{ ratio('users_of_mcp', 'active_users_30d') }} as mcp_adoption_rate,
        {{ ratio('users_of_plan_mode', 'active_users_30d') }} as plan_mode_adoption_rate
    from counted

)

select * from shared
