-- GRAIN: one row per month, team, person and model
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
        usages.team_id,
        teams.team_name,
        teams.subscription_id,
        teams.account_id,
        usages.user_id,
        usages.model,
        count(distinct usages.usage_date) as days_used,
        cast(sum(usages.requests) as int64) as requests,
        cast(sum(usages.total_tokens) as int64) as total_tokens,
        cast(sum(usages.total_cost_usd) as {{ type_money() }}) as total_cost_usd
    from usages
    inner join teams
        on usages.team_id = teams.team_id
    group by
        usages.month,
        usages.team_id,
        teams.team_name,
        teams.subscription_id,
        teams.account_id,
        usages.user_id,
        usages.model

)

select * from summed
