{{ config(materialized='view') }}

-- GRAIN: one row per day and team of which somebody was active in the 30 days up to it
with metrics as (

    select * from {{ ref('fct_revops_daily_team_metrics') }}

),

teams as (

    select * from {{ ref('dim_teams') }}

),

joined as (

    select
        metrics.metric_date,
        metrics.team_id,
        teams.team_name,
        teams.subscription_id,
        teams.account_id,
        teams.seats,
        metrics.active_users_1d,
        metrics.active_users_7d,
        metrics.active_users_30d,
        metrics.agent_power_users
    from metrics
    inner join teams
        on metrics.team_id = teams.team_id

)

select * from joined
