-- GRAIN: one row per month, team, model and type of usage
with usages as (

    select * from {{ ref('int_revops_team_months') }}

),

teams as (

    select * from {{ ref('dim_teams') }}

),

joined as (

    select
        usages.month,
        {{ is_complete_month('usages.month') }} as is_complete_month,
        usages.team_id,
        teams.team_name,
        teams.subscription_id,
        teams.account_id,
        usages.model,
        usages.usage_type,
        usages.is_bugbot,
        usages.people,
        usages.requests,
        usages.total_tokens,
        usages.api_cost_usd,
        usages.token_fee_usd,
        usages.token_fee_by_rule_usd,
        usages.total_cost_usd
    from usages
    inner join teams
        on usages.team_id = teams.team_id

)

select * from joined
