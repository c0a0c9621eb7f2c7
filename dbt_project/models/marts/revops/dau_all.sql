{{ config(**replaced_by_day(
    'activity_date',
    changes='int_changed_revops_days',
    cluster_by=['team_id', 'user_id']
)) }}

-- GRAIN: one row per day, person and team on which the person did anything
{% set days = changed_days(ref('int_changed_revops_days')) %}

with activities as (

    select * from {{ ref('int_revops_daily_user_activity') }}
    where {{ in_days('activity_date', days) }}

),

usages as (

    select * from {{ ref('fct_revops_usage_daily') }}
    where
        {{ in_days('usage_date', days) }}
        and is_core

),

active as (

    select
        activity_date,
        team_id,
        user_id,
        cast(sum(requests) as int64) as requests,
        cast(sum(case when activity_type = 'agent' then requests else 0 end) as int64)
            as agent_requests,
        cast(sum(case when activity_type = 'agent' then sessions else 0 end) as int64)
            as agent_sessions,
        cast(sum(tab_suggestions) as int64) as tab_suggestions,
        cast(sum(tab_accepts) as int64) as tab_accepts,
        cast(sum(lines_accepted) as int64) as lines_accepted,
        max(case when {{ is_core_usage('activity_type') }} then 1 else 0 end) = 1
        and user_id != {{ unattributed() }} as is_core_active
    from activities
    group by activity_date, team_id, user_id

),

features as (

    select
        usage_date,
        team_id,
        user_id,
        sum(requests_with_rules) > 0 as uses_rules,
        sum(requests_with_mcp) > 0 as uses_mcp,
        sum(requests_with_plan_mode) > 0 as uses_plan_mode
    from usages
    group by usage_date, team_id, user_id

),

joined as (

    select
        active.activity_date,
        active.team_id,
        active.user_id,
        active.requests,
        active.agent_requests,
        active.agent_sessions,
        active.tab_suggestions,
        active.tab_accepts,
        active.lines_accepted,
        active.is_core_active,
        active.agent_requests > 0 as uses_agent,
        coalesce(features.uses_rules, false) as uses_rules,
        coalesce(features.uses_mcp, false) as uses_mcp,
        coalesce(features.uses_plan_mode, false) as uses_plan_mode
    from active
    left join features
        on
            active.activity_date = features.usage_date
            and active.team_id = features.team_id
            and active.user_id = features.user_id

)

select * from joined
