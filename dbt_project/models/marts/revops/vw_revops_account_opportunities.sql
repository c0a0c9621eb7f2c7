{{ config(materialized='view') }}

-- GRAIN: one row per opportunity that is not deleted
with opportunities as (

    select * from {{ ref('dim_opportunities') }}
    where not is_deleted

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

subscriptions as (

    select * from {{ ref('dim_subscriptions') }}

),

joined as (

    select
        opportunities.opportunity_id,
        opportunities.opportunity_name,
        opportunities.account_id,
        accounts.account_name,
        opportunities.subscription_id,
        subscriptions.subscription_name,
        opportunities.opportunity_type,
        opportunities.opportunity_subtype,
        opportunities.stage_name,
        opportunities.close_date,
        opportunities.amount_usd,
        opportunities.license_count,
        opportunities.true_up_number
    from opportunities
    left join accounts
        on opportunities.account_id = accounts.account_id
    left join subscriptions
        on opportunities.subscription_id = subscriptions.subscription_id

)

select * from joined
