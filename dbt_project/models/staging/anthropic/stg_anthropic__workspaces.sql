-- A workspace that has left the directory keeps its last known entry.
with source as (

    {{ directory_records('anthropic', 'workspaces') }}

),

renamed as (

    select
        -- ids
        record_id,
        organization,
        {{ json_text('id') }} as workspace_id,
        -- strings
        {{ clean_text(json_text('name')) }} as workspace_name,
        -- dates
        seen_from,
        seen_to,
        -- timestamps
        {{ text_to_timestamp(json_text('created_at')) }} as created_at,
        {{ text_to_timestamp(json_text('archived_at')) }} as archived_at
    from source

),

newest as (

    select * from renamed
    where workspace_id is not null
    {{ last_known('workspace_id') }}

)

select * from newest
