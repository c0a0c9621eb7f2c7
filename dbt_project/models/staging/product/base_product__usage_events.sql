-- Every landed row: an event within the look-back is landed more than once.
with source as (

    {{ completed_product_rows('usage_events') }}

),

renamed as (

    select
        -- ids
        cast(id as {{ dbt.type_string() }}) as event_id,
        coalesce(cast(user_id as {{ dbt.type_string() }}), {{ unattributed() }})
            as user_id,
        coalesce(cast(owning_team as {{ dbt.type_string() }}), {{ unattributed() }})
            as team_id,
        _dlt_load_id as load_id,
        -- strings
        coalesce({{ clean_text('usage_type') }}, 'unknown') as usage_type,
        coalesce({{ clean_text('model') }}, 'unknown') as model,
        -- numerics
        cast(coalesce(input_tokens, 0) as int64) as input_tokens,
        cast(coalesce(output_tokens, 0) as int64) as output_tokens,
        cast(coalesce(cache_read_tokens, 0) as int64) as cache_read_tokens,
        cast(coalesce(cache_write_tokens, 0) as int64) as cache_write_tokens,
        cast(coalesce(api_price_usd, 0) as {{ type_money() }}) as api_cost_usd,
        cast(coalesce(token_fee_usd, 0) as {{ type_money() }}) as token_fee_usd,
        -- booleans
        coalesce(uses_rules, false) as uses_rules,
        coalesce(uses_mcp, false) as uses_mcp,
        coalesce(uses_plan_mode, false) as uses_plan_mode,
        -- dates
        usage_date,
        -- timestamps
        cast(occurred_at as {{ dbt.type_timestamp() }}) as occurred_at
    from source

)

select * from renamed
