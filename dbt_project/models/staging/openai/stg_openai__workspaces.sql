-- Projects. One that has left the directory keeps its last known entry.
with source as (

    {{ directory_records('openai', 'projects') }}

),

renamed as (

    select
        organization,
        {{ json_text('id') }} as workspace_id,
        {{ clean_text(json_text('name')) }} as workspace_name,
        seen_from,
        seen_to,
        {{ openai_timestamp('created_at') }} as created_at,
        {{ openai_timestamp('archived_at') }} as archived_at
    from source

),

newest as (

    select * from renamed
    where workspace_id is not null
    {{ last_known('workspace_id') }}

),

workspaces as (

    select
        {{ conformed_row(
            'workspaces',
            [
                'workspace_id', 'organization', 'workspace_name', 'seen_to',
                'created_at', 'archived_at',
            ]
        ) }}
    from newest

)

select * from workspaces
