-- GRAIN: one row per month, team and person that used anything
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
        user_id,
        cast(sum(requests) as int64) as requests,
        cast(sum(case when is_core then requests else 0 end) as int64) as core_requests,
        cast(sum(case when is_bugbot then requests else 0 end) as int64)
            as bugbot_requests,
        cast(sum(input_tokens + output_tokens) as int64) as fresh_tokens,
        cast(sum(total_tokens) as int64) as total_tokens,
        count(distinct model) as models,
        string_agg(distinct model, ', ' order by model) as model_names,
        cast(sum(api_cost_usd) as {{ type_money() }}) as api_cost_usd,
        cast(sum(token_fee_usd) as {{ type_money() }}) as token_fee_usd,
        cast(sum(token_fee_by_rule_usd) as {{ type_money() }}) as token_fee_by_rule_usd,
        cast(sum(total_cost_usd) as {{ type_money() }}) as total_cost_usd,
        cast(
            sum(case when is_bugbot then total_cost_usd else 0 end)
            as {{ type_money() }}
        ) as bugbot_cost_usd
    from usages
    group by month, team_id, user_id

)

select * from summed
