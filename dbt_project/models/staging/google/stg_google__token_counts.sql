-- GRAIN: one row per day, project, product, platform, model, service tier
-- and direction
-- INVARIANT: a token is counted once, however many limits it counts against
-- Tokens read from a cache are among the input: Monitoring does not tell them apart.
with gemini_source as (

    {{ current_records('google', 'gemini_api_tokens') }}

),

vertex_source as (

    {{ current_records('google', 'vertex_tokens') }}

),

gemini as (

    select
        organization as project_id,
        window_start as usage_date,
        {{ json_text('metric.type') }} as metric_type,
        {{ json_text('metric.labels.model') }} as model,
        {{ json_text('metric.labels.limit_name') }} as limit_name,
        {{ json_count('value.int64Value') }} as tokens
    from gemini_source

),

gemini_limits as (

    select
        usage_date,
        project_id,
        metric_type,
        model,
        limit_name,
        sum(tokens) as tokens
    from gemini
    group by usage_date, project_id, metric_type, model, limit_name

),

gemini_metrics as (

    select
        usage_date,
        project_id,
        metric_type,
        model,
        max(tokens) as tokens
    from gemini_limits
    group by usage_date, project_id, metric_type, model

),

vertex as (

    select
        organization as project_id,
        window_start as usage_date,
        case {{ json_text('resource.labels.publisher') }}
            when 'anthropic' then 'claude_api'
            else 'gemini'
        end as platform_code,
        {{ json_text('resource.labels.model_user_id') }} as model,
        {{ json_text('metric.labels.shared_request_type') }} as service_tier,
        {{ json_text('metric.labels.type') }} as direction,
        {{ json_count('value.int64Value') }} as tokens
    from vertex_source

),

unioned as (

    select
        usage_date,
        project_id,
        'gemini' as platform_code,
        'gemini_api' as product,
        model,
        cast(null as {{ dbt.type_string() }}) as service_tier,
        case
            when metric_type like '%output_token_count' then 'output' else 'input'
        end as direction,
        tokens
    from gemini_metrics

    union all

    select
        usage_date,
        project_id,
        platform_code,
        'vertex' as product,
        model,
        service_tier,
        direction,
        tokens
    from vertex

),

summed as (

    select
        usage_date,
        project_id,
        platform_code,
        product,
        model,
        service_tier,
        direction,
        cast(sum(tokens) as int64) as tokens
    from unioned
    group by
        usage_date,
        project_id,
        platform_code,
        product,
        model,
        service_tier,
        direction

)

select * from summed
