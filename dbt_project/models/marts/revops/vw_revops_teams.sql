{{ config(materialized='view') }}

-- GRAIN: one row per team
with teams as (

    select * from {{ ref('dim_teams') }}

),

subscriptions as (

    select * from {{ ref('dim_subscriptions') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

joined as (

    select
        teams.team_id,
        teams.team_name,
        teams.membership_type,
        teams.is_enterprise,
        teams.seats,
        teams.members,
        teams.subscription_id,
        subscriptions.subscription_name,
        teams.account_id,
        accounts.account_name,
        accounts.owner_name,
        accounts.technical_account_manager_name,
        teams.link_source,
        teams.has_link_conflict,
        teams.is_in_directory
    from teams
    left join subscriptions
        on teams.subscription_id = subscriptions.subscription_id
    left join accounts
        on teams.account_id = accounts.account_id

)

select * from joined
