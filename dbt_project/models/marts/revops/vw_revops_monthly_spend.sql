{{ config(materialized='view') }}

-- GRAIN: one row per month and team with members or usage
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

-- Of a running month the days that are over: it goes on as it began.
running_month as (

    select
        team_id,
        cast(sum(total_cost_usd) as {{ type_money() }}) as elapsed_cost_usd
    from {{ ref('fct_revops_usage_daily') }}
    where
        usage_date >= {{ as_of_date()[:13] ~ "-01'" }}
        and usage_date < {{ as_of_date() }}
    group by team_id

),

forecast as (

    select
        metrics.month,
        metrics.is_complete_month,
        metrics.team_id,
        metrics.team_name,
        metrics.subscription_id,
        metrics.subscription_name,
        metrics.account_id,
        metrics.account_name,
        metrics.mau,
        days.elapsed_days,
        days.days_in_month,
        metrics.total_cost_usd,
        metrics.core_cost_usd,
        metrics.bugbot_cost_usd,
        case
            when metrics.is_complete_month
                then cast(metrics.total_cost_usd as {{ type_number() }})
            else {{ ratio(
                'coalesce(running_month.elapsed_cost_usd, 0) * days.days_in_month',
                'days.elapsed_days'
            ) }}
        end as forecast_cost_usd
    from metrics
    inner join days
        on metrics.month = days.month
    left join running_month
        on metrics.team_id = running_month.team_id

)

select * from forecast
