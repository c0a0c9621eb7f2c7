{{ config(materialized='view') }}

-- GRAIN: one row per month, team and person that used anything, and one for usage that
-- names nobody, ranked by spend in the team
with people as (

    select * from {{ ref('fct_revops_user_metrics') }}
    where is_active or requests > 0

),

ranked as (

    select
        month,
        is_complete_month,
        team_id,
        team_name,
        subscription_id,
        subscription_name,
        account_id,
        account_name,
        user_id,
        email,
        requests,
        agent_requests,
        agent_sessions,
        tab_accepts,
        days_active,
        last_active_date,
        is_l4_user,
        is_power_user,
        model_names,
        total_tokens,
        total_cost_usd,
        row_number() over (
            partition by month, team_id
            order by total_cost_usd desc, requests desc, user_id asc
        ) as spend_rank
    from people

)

select * from ranked
