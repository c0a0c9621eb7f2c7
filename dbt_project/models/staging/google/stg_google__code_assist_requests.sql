-- GRAIN: one row per request
-- A request may have several entries in the log.
with source as (

    {{ current_records('google', 'code_assist_log') }}

),

renamed as (

    select
        -- ids
        organization as project_id,
        coalesce({{ json_text('jsonPayload.requestId') }}, {{ json_text('insertId') }})
            as request_id,
        {{ clean_email(json_text('labels.user_id')) }} as actor_email,
        -- strings
        {{ json_text('labels.method') }} as method_name,
        {{ json_text('jsonPayload.clientName') }} as client_name,
        -- dates
        window_start as usage_date,
        -- timestamps
        {{ google_time(json_text('timestamp')) }} as occurred_at
    from source

),

deduplicated as (

    select * from renamed
    qualify row_number() over (
        partition by usage_date, project_id, request_id
        order by occurred_at asc, actor_email asc nulls last
    ) = 1

)

select * from deduplicated
