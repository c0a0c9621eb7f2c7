-- GRAIN: one row per day, project, credential, method and answer
with source as (

    {{ current_records('google', 'gemini_api_requests') }}

),

renamed as (

    select
        -- ids
        organization as project_id,
        {{ clean_text(json_text('resource.labels.credential_id')) }} as credential_id,
        -- strings
        {{ json_text('resource.labels.method') }} as method_name,
        {{ json_text('metric.labels.response_code') }} as response_code,
        -- numerics
        {{ json_count('value.int64Value') }} as requests,
        -- dates
        window_start as usage_date
    from source

),

-- Versions of the API and locations are of no interest here.
summed as (

    select
        usage_date,
        project_id,
        credential_id,
        method_name,
        response_code,
        cast(sum(requests) as int64) as requests
    from renamed
    group by usage_date, project_id, credential_id, method_name, response_code

),

-- What only lists, stores or counts asks no model.
judged as (

    select
        *,
        response_code like '2%'
        and not (
            coalesce(method_name, '') like '%.ModelService.%'
            or coalesce(method_name, '') like '%.FileService.%'
            or coalesce(method_name, '') like '%.CacheService.%'
            or coalesce(method_name, '') like '%.PermissionService.%'
            or coalesce(method_name, '') like '%.CountTokens'
        ) as is_model_request
    from summed

)

select * from judged
