{{ config(materialized='view') }}

-- GRAIN: one row per account, and one for teams that belong to none
with accounts as (

    select * from {{ ref('dim_accounts') }}

),

subscriptions as (

    select
        account_id,
        cast(sum(case when is_active then licensed_seats else 0 end) as int64)
            as licensed_seats,
        count(*) as subscriptions
    from {{ ref('dim_subscriptions') }}
    where not is_deleted
    group by account_id

),

teams as (

    select
        account_id,
        count(*) as teams
    from {{ ref('dim_teams') }}
    group by account_id

),

opportunities as (

    select
        account_id,
        count(*) as opportunities
    from {{ ref('dim_opportunities') }}
    where not is_deleted
    group by account_id

),

joined as (

    select
        accounts.account_id,
        accounts.account_name,
        accounts.logo_url,
        accounts.software_engineers,
        accounts.employees,
        accounts.owner_name,
        accounts.owner_manager_name,
        accounts.technical_account_manager_name,
        accounts.is_deleted,
        coalesce(subscriptions.subscriptions, 0) as subscriptions,
        coalesce(subscriptions.licensed_seats, 0) as licensed_seats,
        coalesce(teams.teams, 0) as teams,
        coalesce(opportunities.opportunities, 0) as opportunities
    from accounts
    left join subscriptions
        on accounts.account_id = subscriptions.account_id
    left join teams
        on accounts.account_id = teams.account_id
    left join opportunities
        on accounts.account_id = opportunities.account_id

)

select * from joined
