with source as (

    {{ current_records('anthropic', 'analytics_usage') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ clean_email(json_text('payload', 'group.actor.email_address')) }} as actor_email,
        {{ json_text('payload', 'group.actor.user_id') }} as actor_user_id,
        {{ json_text('payload', 'group.actor.service_account_id') }} as service_account_id,
        {{ json_text('payload', 'group.actor.subject') }} as federated_subject,
        coalesce({{ json_text('payload', 'group.api_key_id') }}, {{ json_text('payload', 'group.actor.api_key_id') }}) as api_key_id,
        {{ json_text('payload', 'group.workspace_id') }} as workspace_id,
        -- strings
        {{ json_text('payload', 'group.actor.type') }} as actor_type,
        {{ json_text('payload', 'group.product') }} as product,
        {{ json_text('payload', 'group.model') }} as model,
        -- numerics
        coalesce({{ json_integer('payload', 'usage.uncached_input_tokens') }}, 0) as uncached_input_tokens,
        coalesce({{ json_integer('payload', 'usage.cache_read_input_tokens') }}, 0) as cache_read_tokens,
        coalesce({{ json_integer('payload', 'usage.cache_creation.ephemeral_5m_input_tokens') }}, 0) as cache_write_5m_tokens,
        coalesce({{ json_integer('payload', 'usage.cache_creation.ephemeral_1h_input_tokens') }}, 0) as cache_write_1h_tokens,
        coalesce({{ json_integer('payload', 'usage.output_tokens') }}, 0) as output_tokens,
        coalesce({{ json_integer('payload', 'usage.server_tool_use.web_search_requests') }}, 0) as web_searches,
        {{ json_integer('payload', 'usage.requests') }} as requests,
        -- dates
        window_start as usage_date
    from source

)

select * from renamed
