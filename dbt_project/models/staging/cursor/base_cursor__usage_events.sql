-- Every version of every window, also of loads that are not complete.
with source as (

    select * from {{ source('raw_cursor', 'usage_events') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        _dlt_load_id as load_id,
        organization,
        {{ clean_email(json_text('userEmail')) }} as actor_email,
        {{ json_text('serviceAccountId') }} as service_account_id,
        -- strings
        {{ json_text('model') }} as model,
        {{ json_text('kind') }} as kind,
        {{ cursor_kind(json_text('kind')) }} as kind_code,
        -- numerics
        {{ json_count('tokenUsage.inputTokens') }} as uncached_input_tokens,
        {{ json_count('tokenUsage.cacheReadTokens') }} as cache_read_tokens,
        {{ json_count('tokenUsage.cacheWriteTokens') }} as cache_write_tokens,
        {{ json_count('tokenUsage.outputTokens') }} as output_tokens,
        {{ cents_to_usd(json_text('tokenUsage.totalCents')) }} as model_cost_usd,
        {{ cents_to_usd(json_text('cursorTokenFee')) }} as token_fee_usd,
        {{ json_number('tokenUsage.discountPercentOff') }} as discount_percent,
        {{ cents_to_usd(json_text('chargedCents')) }} as charged_usd,
        -- booleans
        {{ json_boolean('maxMode') }} as is_max_mode,
        {{ json_boolean('isHeadless') }} as is_headless,
        -- dates
        window_start as usage_date,
        -- timestamps
        {{ epoch_ms_to_timestamp(json_text('timestamp')) }} as occurred_at
    from source

)

select * from renamed
