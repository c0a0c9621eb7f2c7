{{ config(materialized='view') }}

-- GRAIN: one row per month, team and person that used anything, and one for usage that
-- names nobody, ranked by spend in the team
with people as (

    select * from {{ ref('fct_revops_user_metrics') }}
    where is_active or requests > 0

),

teams as (

    select * from {{ ref('dim_teams') }}

),

ranked as (

    select
        people.month,
        people.is_complete_month,
        people.team_id,
        teams.team_name,
        teams.subscription_id,
        teams.account_id,
        people.user_id,
        people.email,
        people.requests,
        people.agent_requests,
        people.agent_sessions,
        people.tab_accepts,
        people.days_active,
        people.last_active_date,
        people.is_l4_user,
        people.is_power_user,
        people.model_names,
        people.total_tokens,
        people.total_cost_usd,
        row_number() over (
            partition by people.month, people.team_id
            order by
                people.total_cost_usd desc, people.requests desc, people.user_id asc
        ) as spend_rank
    from people
    inner join teams
        on people.team_id = teams.team_id

)

select * from ranked
