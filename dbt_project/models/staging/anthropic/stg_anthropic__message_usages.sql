with source as (

    {{ current_records('anthropic', 'usage_report_messages') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('payload', 'api_key_id') }} as api_key_id,
        {{ json_text('payload', 'account_id') }} as actor_user_id,
        {{ json_text('payload', 'service_account_id') }} as service_account_id,
        {{ json_text('payload', 'workspace_id') }} as workspace_id,
        -- strings
        {{ json_text('payload', 'model') }} as model,
        {{ json_text('payload', 'service_tier') }} as service_tier,
        {{ json_text('payload', 'context_window') }} as context_window,
        -- numerics
        coalesce({{ json_integer('payload', 'uncached_input_tokens') }}, 0) as uncached_input_tokens,
        coalesce({{ json_integer('payload', 'cache_read_input_tokens') }}, 0) as cache_read_tokens,
        coalesce({{ json_integer('payload', 'cache_creation.ephemeral_5m_input_tokens') }}, 0) as cache_write_5m_tokens,
        coalesce({{ json_integer('payload', 'cache_creation.ephemeral_1h_input_tokens') }}, 0) as cache_write_1h_tokens,
        coalesce({{ json_integer('payload', 'output_tokens') }}, 0) as output_tokens,
        coalesce({{ json_integer('payload', 'server_tool_use.web_search_requests') }}, 0) as web_searches,
        -- dates
        window_start as usage_date
    from source

)

select * from renamed
