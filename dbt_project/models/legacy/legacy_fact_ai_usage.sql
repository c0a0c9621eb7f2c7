with usages as (

    select * from {{ ref('fct_usage_daily') }}
    where {{ in_days('usage_date', none) }}

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

measured as (

    select
        usages.*,
        case when platforms.measures_suggested_lines then usages.lines_suggested end
            as lines_added,
        case when platforms.measures_lines then usages.lines_accepted end
            as lines_written
    from usages
    inner join platforms
        on usages.platform_code = platforms.platform_code

),

renamed as (

    select
        {{ number_of_key('user_sk') }} as user_sk,
        {{ number_of_key('platform_code') }} as platform_sk,
        {{ day_as_number('usage_date') }} as date_sk,
        cast(null as int64) as time_sk,
        usage_date,
        cast(null as {{ dbt.type_string() }}) as event_id,
        cast(null as {{ dbt.type_string() }}) as session_id,
        nullif(api_key_id, {{ unattributed() }}) as api_key_id,
        nullif(model, {{ unattributed() }}) as model,
        sessions as session_count,
        requests as request_count,
        uncached_input_tokens as input_tokens,
        output_tokens,
        cache_write_5m_tokens + cache_write_1h_tokens as cached_input_tokens,
        cache_read_tokens,
        total_tokens,
        lines_added,
        lines_accepted,
        suggestions_shown,
        suggestions_accepted,
        {{ to_float(ratio('lines_accepted', 'lines_added')) }} as acceptance_rate,
        {{ to_float(ratio('suggestions_accepted', 'suggestions_shown')) }}
            as suggestion_acceptance_rate,
        cast(null as {{ type_float64() }}) as tokens_per_session,
        {{ to_float(ratio('lines_written', 'sessions')) }} as productivity_score,
        cast(null as int64) as session_duration_seconds,
        cast(null as int64) as active_time_seconds,
        cast(null as int64) as idle_time_seconds,
        {{ to_float('attribution_confidence') }} as attribution_confidence,
        cast(null as {{ type_float64() }}) as data_completeness,
        cast(usage_date as timestamp) as event_timestamp,
        cast(null as timestamp) as ingest_timestamp,
        cast(null as {{ dbt.type_string() }}) as pipeline_run_id
    from measured

)

select * from renamed
