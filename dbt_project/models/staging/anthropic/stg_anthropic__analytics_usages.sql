with source as (

    {{ current_records('anthropic', 'analytics_usage') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ clean_email(json_text('group.actor.email_address')) }} as actor_email,
        {{ json_text('group.actor.user_id') }} as actor_user_id,
        {{ json_text('group.actor.service_account_id') }} as service_account_id,
        {{ json_text('group.actor.subject') }} as federated_subject,
        coalesce(
            {{ json_text('group.api_key_id') }},
            {{ json_text('group.actor.api_key_id') }}
        ) as api_key_id,
        {{ json_text('group.workspace_id') }} as workspace_id,
        -- strings
        {{ json_text('group.actor.type') }} as actor_type,
        {{ json_text('group.product') }} as product,
        {{ json_text('group.model') }} as model,
        -- numerics
        {{ json_count('usage.uncached_input_tokens') }} as uncached_input_tokens,
        {{ json_count('usage.cache_read_input_tokens') }} as cache_read_tokens,
        {{ json_count('usage.cache_creation.ephemeral_5m_input_tokens') }}
            as cache_write_5m_tokens,
        {{ json_count('usage.cache_creation.ephemeral_1h_input_tokens') }}
            as cache_write_1h_tokens,
        {{ json_count('usage.output_tokens') }} as output_tokens,
        {{ json_count('usage.server_tool_use.web_search_requests') }} as web_searches,
        {{ json_integer('usage.requests') }} as requests,
        -- dates
        window_start as usage_date
    from source

)

select * from renamed
