-- GRAIN: one row per subscription, and one for the teams that have none
with subscriptions as (

    select * from {{ ref('dim_subscriptions') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

opportunities as (

    select * from {{ ref('dim_opportunities') }}

),

metrics as (

    select * from {{ ref('fct_revops_monthly_team_metrics') }}
    where is_complete_month

),

newest as (

    select max(month) as month from metrics

),

summed as (

    select
        metrics.subscription_id,
        metrics.month,
        count(*) as teams,
        cast(sum(metrics.mau) as int64) as mau,
        cast(sum(metrics.power_users) as int64) as power_users,
        cast(sum(metrics.total_cost_usd) as {{ type_money() }}) as total_cost_usd
    from metrics
    inner join newest
        on metrics.month = newest.month
    group by metrics.subscription_id, metrics.month

),

joined as (

    select
        subscriptions.subscription_id,
        subscriptions.subscription_name,
        subscriptions.account_id,
        accounts.account_name,
        accounts.owner_name,
        subscriptions.start_date,
        subscriptions.end_date,
        subscriptions.is_active,
        subscriptions.is_deleted,
        renewals.close_date as renewal_date,
        renewals.stage_name as renewal_stage,
        subscriptions.licensed_seats,
        summed.month as metrics_month,
        coalesce(summed.teams, 0) as teams,
        coalesce(summed.mau, 0) as mau,
        coalesce(summed.power_users, 0) as power_users,
        {{ ratio('summed.mau', 'subscriptions.licensed_seats') }}
            as seat_utilization_rate,
        cast(coalesce(summed.total_cost_usd, 0) as {{ type_money() }}) as total_cost_usd
    from subscriptions
    left join accounts
        on subscriptions.account_id = accounts.account_id
    left join opportunities as renewals
        on subscriptions.open_renewal_id = renewals.opportunity_id
    left join summed
        on subscriptions.subscription_id = summed.subscription_id

)

select * from joined
