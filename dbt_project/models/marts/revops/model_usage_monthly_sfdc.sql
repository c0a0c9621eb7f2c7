-- GRAIN: one row per month, subscription, model and type of usage
with usages as (

    select
        *,
        {{ first_day_of('month', 'usage_date') }} as month
    from {{ ref('fct_revops_usage_daily') }}

),

teams as (

    select * from {{ ref('dim_teams') }}

),

summed as (

    select
        usages.month,
        {{ is_complete_month('usages.month') }} as is_complete_month,
        teams.subscription_id,
        teams.account_id,
        usages.model,
        usages.usage_type,
        usages.is_bugbot,
        count(distinct usages.user_id) as people,
        cast(sum(usages.requests) as int64) as requests,
        cast(sum(usages.total_tokens) as int64) as total_tokens,
        cast(sum(usages.api_cost_usd) as {{ type_money() }}) as api_cost_usd,
        cast(sum(usages.token_fee_usd) as {{ type_money() }}) as token_fee_usd,
        cast(sum(usages.token_fee_by_rule_usd) as {{ type_money() }})
            as token_fee_by_rule_usd,
        cast(sum(usages.total_cost_usd) as {{ type_money() }}) as total_cost_usd
    from usages
    inner join teams
        on usages.team_id = teams.team_id
    group by
        usages.month,
        teams.subscription_id,
        teams.account_id,
        usages.model,
        usages.usage_type,
        usages.is_bugbot

)

select * from summed
