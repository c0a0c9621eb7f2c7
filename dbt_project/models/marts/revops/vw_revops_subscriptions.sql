{{ config(materialized='view') }}

-- GRAIN: one row per subscription and team that belongs to it; one without a team if
-- none does; and one per team that belongs to none
with subscriptions as (

    select * from {{ ref('dim_subscriptions') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

opportunities as (

    select * from {{ ref('dim_opportunities') }}
    where not is_deleted

),

teams as (

    select
        *,
        count(*) over (partition by subscription_id) as teams_of_subscription
    from {{ ref('dim_teams') }}

),

people as (

    select * from {{ ref('fct_revops_user_metrics') }}
    where days_active > 0

),

metrics as (

    select * from {{ ref('fct_revops_monthly_team_metrics') }}
    where is_complete_month

),

newest as (

    select max(month) as month from metrics

),

newest_metrics as (

    select metrics.*
    from metrics
    inner join newest
        on metrics.month = newest.month

),

-- Somebody in two teams of a subscription needs one seat.
subscription_people as (

    select
        teams.subscription_id,
        {{ distinct_people('people.user_id') }} as mau
    from people
    inner join newest
        on people.month = newest.month
    inner join teams
        on people.team_id = teams.team_id
    group by teams.subscription_id

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
        {{ ratio(
            'subscriptions.licensed_seats', 'coalesce(teams.teams_of_subscription, 1)'
        ) }} as licensed_seats_of_team,
        coalesce(teams.team_id, {{ unattributed() }}) as team_id,
        coalesce(teams.team_name, {{ unattributed() }}) as team_name,
        newest.month as metrics_month,
        coalesce(newest_metrics.mau, 0) as mau,
        coalesce(subscription_people.mau, 0) as mau_of_subscription,
        coalesce(newest_metrics.power_users, 0) as power_users,
        cast(coalesce(newest_metrics.total_cost_usd, 0) as {{ type_money() }})
            as total_cost_usd
    from subscriptions
    cross join newest
    left join accounts
        on subscriptions.account_id = accounts.account_id
    left join opportunities as renewals
        on subscriptions.open_renewal_id = renewals.opportunity_id
    left join teams
        on subscriptions.subscription_id = teams.subscription_id
    left join subscription_people
        on subscriptions.subscription_id = subscription_people.subscription_id
    left join newest_metrics
        on teams.team_id = newest_metrics.team_id

)

select * from joined
