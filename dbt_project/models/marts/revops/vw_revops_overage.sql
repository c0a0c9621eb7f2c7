{{ config(materialized='view') }}

-- GRAIN: one row per month, subscription with usage or an overage invoice, and team
-- that belonged to it on a day of the month or of the invoice's period
with overages as (

    select
        *,
        coalesce(invoiced_through, last_day(month)) as through_day
    from {{ ref('subscription_overage') }}

),

spans as (

    select * from {{ ref('int_revops_team_spans') }}

),

teams as (

    select * from {{ ref('dim_teams') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

joined as (

    select distinct
        overages.month,
        overages.is_complete_month,
        overages.subscription_id,
        overages.subscription_name,
        overages.account_id,
        coalesce(accounts.account_name, overages.account_id) as account_name,
        coalesce(spans.team_id, {{ unattributed() }}) as team_id,
        coalesce(teams.team_name, spans.team_id, {{ unattributed() }}) as team_name,
        overages.used_usd,
        overages.uninvoiced_usd,
        overages.invoiced_through,
        overages.invoiced_usd,
        overages.used_in_period_usd,
        overages.included_usd,
        overages.overage_usd,
        overages.difference_usd,
        overages.overage_status
    from overages
    left join spans
        on
            overages.subscription_id = spans.subscription_id
            and overages.month < spans.valid_to
            and overages.through_day >= spans.valid_from
    left join teams
        on spans.team_id = teams.team_id
    left join accounts
        on overages.account_id = accounts.account_id

)

select * from joined
