-- GRAIN: one row per record of a kind of usage, as last reported
-- Sessions of the code interpreter and bytes that are stored are of no key or person;
-- they stay in raw.
{% set usage_types = {
    'usage_completions': 'model_request',
    'usage_embeddings': 'embedding',
    'usage_moderations': 'moderation',
    'usage_images': 'image',
    'usage_audio_speeches': 'speech',
    'usage_audio_transcriptions': 'transcription',
    'usage_web_search_calls': 'web_search',
    'usage_file_search_calls': 'file_search',
} %}
with source as (

    {% for resource, usage_type in usage_types.items() %}
        select
            '{{ resource }}' as resource,
            '{{ usage_type }}' as usage_type,
            _dlt_id,
            organization,
            payload,
            window_start
        from (
            {{ current_records('openai', resource) }}
        ) as {{ resource }}
        {{ "union all" if not loop.last }}
    {% endfor %}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('project_id') }} as workspace_id,
        {{ json_text('api_key_id') }} as api_key_id,
        {{ json_text('user_id') }} as actor_user_id,
        -- strings
        resource,
        usage_type,
        {{ json_text('model') }} as model,
        case
            when {{ json_boolean('batch') }} then 'batch'
            else {{ json_text('service_tier') }}
        end as service_tier,
        -- numerics
        {{ json_integer('input_tokens') }} as input_tokens,
        {{ json_integer('input_cached_tokens') }} as cache_read_tokens,
        {{ json_integer('input_cache_write_tokens') }} as cache_write_tokens,
        {{ json_integer('input_cache_write_12h_tokens') }} as cache_write_12h_tokens,
        {{ json_integer('output_tokens') }} as output_tokens,
        {{ json_integer('num_model_requests') }} as model_requests,
        {{ json_integer('num_requests') }} as tool_requests,
        -- dates
        window_start as usage_date
    from source

),

-- Input includes what was read from the cache and written to it. OpenAI caches for half
-- an hour, which counts as the shorter of two times, or for twelve hours.
counted as (

    select
        record_id,
        organization,
        workspace_id,
        api_key_id,
        actor_user_id,
        resource,
        usage_type,
        model,
        service_tier,
        cache_read_tokens,
        cache_write_12h_tokens as cache_write_1h_tokens,
        output_tokens,
        usage_date,
        input_tokens
        - coalesce(cache_read_tokens, 0)
        - coalesce(cache_write_tokens, 0) as uncached_input_tokens,
        cache_write_tokens
        - coalesce(cache_write_12h_tokens, 0) as cache_write_5m_tokens,
        -- The request that searched is among those of its model.
        case
            when usage_type not in ('web_search', 'file_search') then model_requests
        end as requests,
        case
            when usage_type in ('web_search', 'file_search') then tool_requests
        end as searches
    from renamed

)

select * from counted
