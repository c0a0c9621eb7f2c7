{{ config(materialized='view') }}

-- GRAIN: one row per day and team of which somebody was active in the 30 days up to it
with metrics as (

    select * from {{ ref('fct_revops_daily_team_metrics') }}

),

team_months as (

    select * from {{ ref('rollup_revops_team_months') }}

),

joined as (

    select
        metrics.metric_date,
        metrics.team_id,
        team_months.team_name,
        team_months.subscription_id,
        team_months.subscription_name,
        team_months.account_id,
        team_months.account_name,
        team_months.seats,
        metrics.active_users_1d,
        metrics.active_users_7d,
        metrics.active_users_30d,
        metrics.agent_power_users
    from metrics
    inner join team_months
        on
            metrics.team_id = team_months.team_id
            and {{ first_day_of('month', 'metrics.metric_date') }} = team_months.month

)

select * from joined
