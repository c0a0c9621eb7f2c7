with records as (

    select * from {{ ref('base_product__usage_events') }}

),

-- The day of an event never changes, so a run that asks for some days reads no others.
newest as (

    select
        -- ids
        event_id,
        user_id,
        team_id,
        load_id,
        -- strings
        usage_type,
        model,
        -- numerics
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_write_tokens,
        api_cost_usd,
        token_fee_usd,
        -- booleans
        uses_rules,
        uses_mcp,
        uses_plan_mode,
        -- dates
        usage_date,
        -- timestamps
        occurred_at
    from records
    qualify row_number() over (
        partition by usage_date, event_id order by load_id desc
    ) = 1

)

select * from newest
