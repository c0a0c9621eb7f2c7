{{ config(materialized='view') }}

-- GRAIN: one row per month, subscription with usage or an overage invoice, and team of
-- it
with overages as (

    select * from {{ ref('subscription_overage') }}

),

teams as (

    select * from {{ ref('dim_teams') }}

),

joined as (

    select
        overages.month,
        overages.is_complete_month,
        overages.subscription_id,
        overages.subscription_name,
        overages.account_id,
        coalesce(teams.team_id, {{ unattributed() }}) as team_id,
        overages.used_usd,
        overages.invoiced_through,
        overages.invoiced_usd,
        overages.used_in_period_usd,
        overages.difference_usd,
        overages.overage_status
    from overages
    left join teams
        on overages.subscription_id = teams.subscription_id

)

select * from joined
