-- A key that has left the directory keeps its last known entry.
with source as (

    {{ directory_records('google', 'api_keys') }}

),

renamed as (

    select
        -- ids
        record_id,
        organization as project_id,
        -- What Monitoring calls the key.
        concat('apikey:', {{ json_text('uid') }}) as api_key_id,
        -- strings
        {{ clean_text(json_text('displayName')) }} as api_key_name,
        case
            when {{ json_text('deleteTime') }} is null then 'active'
            else 'deleted'
        end as status,
        -- dates
        seen_from,
        seen_to,
        -- timestamps
        {{ google_time(json_text('createTime')) }} as created_at,
        organization
    from source

),

newest as (

    select * from renamed
    {{ last_known('api_key_id') }}

),

conformed as (

    select
        record_id,
        seen_from,
        {{ conformed_row(
            'keys',
            ['api_key_id', 'seen_to', 'api_key_name', 'status', 'created_at'],
            organization=google_organization(),
            workspace_id='project_id',
            is_name_unique='count(*) over (partition by api_key_name) = 1'
        ) }}
    from newest

)

select * from conformed
