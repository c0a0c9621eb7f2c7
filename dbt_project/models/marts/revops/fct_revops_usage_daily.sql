{{ config(**replaced_by_day(
    'usage_date',
    changes='int_changed_revops_days',
    cluster_by=['team_id', 'user_id', 'model']
)) }}

-- GRAIN: one row per day, team, person, model and type of usage
-- INVARIANT: sums to the events of the product database, to the last digit
{% set days = changed_days(ref('int_changed_revops_days')) %}

with events as (

    select * from {{ ref('int_revops_usage_events') }}
    where {{ in_days('usage_date', days) }}

),

summed as (

    select
        usage_date,
        team_id,
        user_id,
        model,
        usage_type,
        usage_type = '{{ var("revops_bugbot_usage_type") }}' as is_bugbot,
        {{ is_core_usage('usage_type') }} as is_core,
        count(*) as requests,
        cast(sum(case when uses_rules then 1 else 0 end) as int64)
            as requests_with_rules,
        cast(sum(case when uses_mcp then 1 else 0 end) as int64) as requests_with_mcp,
        cast(sum(case when uses_plan_mode then 1 else 0 end) as int64)
            as requests_with_plan_mode,
        cast(sum(input_tokens) as int64) as input_tokens,
        cast(sum(output_tokens) as int64) as output_tokens,
        cast(sum(cache_read_tokens) as int64) as cache_read_tokens,
        cast(sum(cache_write_tokens) as int64) as cache_write_tokens,
        cast(sum(fresh_tokens) as int64) as fresh_tokens,
        cast(sum(total_tokens) as int64) as total_tokens,
        cast(sum(api_cost_usd) as {{ type_money() }}) as api_cost_usd,
        cast(sum(token_fee_usd) as {{ type_money() }}) as token_fee_usd,
        cast(
            sum({{ token_fee_by_rule('total_tokens', 'model') }}) as {{ type_money() }}
        ) as token_fee_by_rule_usd,
        cast(sum(api_cost_usd + token_fee_usd) as {{ type_money() }}) as total_cost_usd
    from events
    group by usage_date, team_id, user_id, model, usage_type

)

select * from summed
