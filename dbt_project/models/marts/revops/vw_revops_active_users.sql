{{ config(materialized='view') }}

-- GRAIN: one row per day and team of which somebody was active in the 30 days up to it
with metrics as (

    select * from {{ ref('fct_revops_daily_team_metrics') }}

),

team_months as (

    select * from {{ ref('rollup_revops_team_months') }}

),

first_days as (

    select min(window_start) as first_day from {{ ref('int_revops_windows') }}
    where
        source_name = 'product'
        and is_daily
        and records > 0

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
        metrics.agent_power_users,
        {{ days_between('metrics.metric_date', 'first_days.first_day') }} + 1
            as known_days
    from metrics
    cross join first_days
    inner join team_months
        on
            metrics.team_id = team_months.team_id
            and {{ first_day_of('month', 'metrics.metric_date') }} = team_months.month

),

-- Of the days before the first one nothing is known, so a count that reaches there
-- would grow by itself.
whole as (

    select
        metric_date,
        team_id,
        team_name,
        subscription_id,
        subscription_name,
        account_id,
        account_name,
        seats,
        active_users_1d,
        case when known_days >= 7 then active_users_7d end as active_users_7d,
        case when known_days >= 30 then active_users_30d end as active_users_30d,
        case when known_days >= 30 then agent_power_users end as agent_power_users
    from joined

)

select * from whole
