{{ config(materialized='view') }}

-- GRAIN: one row per month and team with usage
with metrics as (

    select * from {{ ref('fct_revops_monthly_team_metrics') }}

),

days as (

    select
        month_start_date as month,
        count(*) as days_in_month,
        cast(sum(case when date_day < {{ as_of_date() }} then 1 else 0 end) as int64)
            as elapsed_days
    from {{ ref('int_days') }}
    group by month_start_date

),

-- A running month goes on as it began.
forecast as (

    select
        metrics.month,
        metrics.is_complete_month,
        metrics.team_id,
        metrics.team_name,
        metrics.subscription_id,
        metrics.account_id,
        metrics.mau,
        days.elapsed_days,
        days.days_in_month,
        metrics.total_cost_usd,
        metrics.core_cost_usd,
        metrics.bugbot_cost_usd,
        {{ ratio('metrics.total_cost_usd * days.days_in_month', 'days.elapsed_days') }}
            as forecast_cost_usd
    from metrics
    inner join days
        on metrics.month = days.month

)

select * from forecast
