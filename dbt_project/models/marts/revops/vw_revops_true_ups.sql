{{ config(materialized='view') }}

-- GRAIN: one row per true-up (an opportunity that adds seats to a running subscription)
-- and team of the subscription
with opportunities as (

    select * from {{ ref('dim_opportunities') }}
    where
        is_true_up
        and not is_deleted

),

subscriptions as (

    select * from {{ ref('dim_subscriptions') }}

),

teams as (

    select * from {{ ref('dim_teams') }}

),

spans as (

    select distinct
        team_id,
        subscription_id
    from {{ ref('int_revops_team_spans') }}
    where
        has_been_in_force
        and subscription_id != {{ unattributed() }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

joined as (

    select
        opportunities.opportunity_id,
        opportunities.opportunity_name,
        opportunities.account_id,
        accounts.account_name,
        opportunities.subscription_id,
        subscriptions.subscription_name,
        opportunities.true_up_number,
        opportunities.stage_name,
        opportunities.close_date,
        opportunities.license_count,
        opportunities.amount_usd,
        subscriptions.licensed_seats,
        coalesce(spans.team_id, {{ unattributed() }}) as team_id,
        coalesce(teams.team_name, spans.team_id, {{ unattributed() }}) as team_name
    from opportunities
    left join subscriptions
        on opportunities.subscription_id = subscriptions.subscription_id
    left join spans
        on opportunities.subscription_id = spans.subscription_id
    left join teams
        on spans.team_id = teams.team_id
    left join accounts
        on opportunities.account_id = accounts.account_id

)

select * from joined
