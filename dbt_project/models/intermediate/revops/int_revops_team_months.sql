-- GRAIN: one row per month, team, model and type of usage
with usages as (

    select
        *,
        {{ first_day_of('month', 'usage_date') }} as month
    from {{ ref('fct_revops_usage_daily') }}

),

summed as (

    select
        month,
        team_id,
        model,
        usage_type,
        is_bugbot,
        count(distinct user_id) as people,
        cast(sum(requests) as int64) as requests,
        cast(sum(input_tokens + output_tokens) as int64) as fresh_tokens,
        cast(sum(total_tokens) as int64) as total_tokens,
        cast(sum(api_cost_usd) as {{ type_money() }}) as api_cost_usd,
        cast(sum(token_fee_usd) as {{ type_money() }}) as token_fee_usd,
        cast(sum(token_fee_by_rule_usd) as {{ type_money() }}) as token_fee_by_rule_usd,
        cast(sum(total_cost_usd) as {{ type_money() }}) as total_cost_usd
    from usages
    group by month, team_id, model, usage_type, is_bugbot

)

select * from summed
