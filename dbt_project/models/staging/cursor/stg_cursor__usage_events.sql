with source as (

    {{ current_records('cursor', 'usage_events') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ clean_email(json_text('payload', 'userEmail')) }} as actor_email,
        {{ json_text('payload', 'serviceAccountId') }} as service_account_id,
        -- strings
        {{ json_text('payload', 'model') }} as model,
        {{ json_text('payload', 'kind') }} as kind,
        {{ cursor_kind(json_text('payload', 'kind')) }} as kind_code,
        -- numerics
        coalesce({{ json_integer('payload', 'tokenUsage.inputTokens') }}, 0) as uncached_input_tokens,
        coalesce({{ json_integer('payload', 'tokenUsage.cacheReadTokens') }}, 0) as cache_read_tokens,
        coalesce({{ json_integer('payload', 'tokenUsage.cacheWriteTokens') }}, 0) as cache_write_tokens,
        coalesce({{ json_integer('payload', 'tokenUsage.outputTokens') }}, 0) as output_tokens,
        {{ cents_to_usd(json_text('payload', 'tokenUsage.totalCents')) }} as model_cost_usd,
        {{ cents_to_usd(json_text('payload', 'cursorTokenFee')) }} as token_fee_usd,
        cast({{ clean_text(json_text('payload', 'tokenUsage.discountPercentOff')) }} as numeric) as discount_percent,
        {{ cents_to_usd(json_text('payload', 'chargedCents')) }} as charged_usd,
        -- booleans
        cast({{ json_text('payload', 'maxMode') }} as boolean) as is_max_mode,
        cast({{ json_text('payload', 'isHeadless') }} as boolean) as is_headless,
        -- dates
        window_start as usage_date,
        -- timestamps
        {{ epoch_ms_to_timestamp(json_text('payload', 'timestamp')) }} as occurred_at
    from source

)

select * from renamed
