with source as (

    {{ current_records('anthropic', 'usage_report_messages') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('api_key_id') }} as api_key_id,
        {{ json_text('account_id') }} as actor_user_id,
        {{ json_text('service_account_id') }} as service_account_id,
        {{ json_text('workspace_id') }} as workspace_id,
        -- strings
        {{ json_text('model') }} as model,
        {{ json_text('service_tier') }} as service_tier,
        {{ json_text('context_window') }} as context_window,
        -- numerics
        {{ json_count('uncached_input_tokens') }} as uncached_input_tokens,
        {{ json_count('cache_read_input_tokens') }} as cache_read_tokens,
        {{ json_count('cache_creation.ephemeral_5m_input_tokens') }}
            as cache_write_5m_tokens,
        {{ json_count('cache_creation.ephemeral_1h_input_tokens') }}
            as cache_write_1h_tokens,
        {{ json_count('output_tokens') }} as output_tokens,
        {{ json_count('server_tool_use.web_search_requests') }} as web_searches,
        -- dates
        window_start as usage_date
    from source

)

select * from renamed
