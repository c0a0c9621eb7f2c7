{{ config(**replaced_by_month(
    'month', changes='int_changed_revops_days', cluster_by=['team_id', 'user_id']
)) }}

-- GRAIN: one row per month, team and person that was active
{% set days = days_of_changed_months(ref('int_changed_revops_days')) %}

with days_active as (

    select * from {{ ref('dau_all') }}
    where {{ in_days('activity_date', days) }}

),

activities as (

    select
        *,
        {{ first_day_of('month', 'activity_date') }} as month
    from days_active

),

-- Active on so many days of seven: the day so many active days before lies within them.
spaced as (

    select
        *,
        case
            when is_core_active then lag(activity_date, {{ var('revops_l4_days') - 1 }})
                over (
                    partition by month, team_id, user_id, is_core_active
                    order by activity_date
                )
        end as earlier_active_date
    from activities

),

summed as (

    select
        month,
        team_id,
        user_id,
        cast(sum(agent_requests) as int64) as agent_requests,
        cast(sum(agent_sessions) as int64) as agent_sessions,
        cast(sum(tab_suggestions) as int64) as tab_suggestions,
        cast(sum(tab_accepts) as int64) as tab_accepts,
        cast(sum(lines_accepted) as int64) as lines_accepted,
        cast(sum(case when is_core_active then 1 else 0 end) as int64) as days_active,
        max(case when is_core_active then activity_date end) as last_active_date,
        max(case when is_core_active and uses_agent then 1 else 0 end) = 1
            as uses_agent,
        max(case when is_core_active and uses_rules then 1 else 0 end) = 1
            as uses_rules,
        max(case when is_core_active and uses_mcp then 1 else 0 end) = 1
            as uses_mcp,
        max(case when is_core_active and uses_plan_mode then 1 else 0 end) = 1
            as uses_plan_mode,
        max(
            case
                when {{ days_between('activity_date', 'earlier_active_date') }} < 7
                    then 1
                else 0
            end
        ) = 1 as is_l4_user,
        sum(agent_requests) >= {{ var('revops_power_user_agent_requests') }}
        and user_id != {{ unattributed() }} as is_power_user
    from spaced
    group by month, team_id, user_id

)

select * from summed
