-- Usage events of the product with their tokens summed.
with events as (

    select * from {{ ref('stg_product__usage_events') }}

),

summed as (

    select
        event_id,
        user_id,
        team_id,
        usage_type,
        model,
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_write_tokens,
        api_cost_usd,
        token_fee_usd,
        uses_rules,
        uses_mcp,
        uses_plan_mode,
        usage_date,
        input_tokens + output_tokens as fresh_tokens,
        input_tokens + output_tokens + cache_read_tokens + cache_write_tokens
            as total_tokens
    from events

)

select * from summed
