-- A key acts as its owner, a user or a service account. One that has been deleted keeps
-- its last known entry.
with source as (

    {{ directory_records('openai', 'project_api_keys') }}

),

renamed as (

    select
        organization,
        {{ json_text('id') }} as api_key_id,
        {{ json_text('project_id') }} as workspace_id,
        coalesce(
            {{ json_text('owner.user.id') }},
            {{ json_text('owner.service_account.id') }}
        ) as principal_id,
        {{ clean_text(json_text('name')) }} as api_key_name,
        {{ json_text('redacted_value') }} as partial_key_hint,
        seen_from,
        seen_to,
        {{ openai_timestamp('created_at') }} as created_at,
        {{ openai_timestamp('expires_at') }} as expires_at
    from source

),

newest as (

    select * from renamed
    where api_key_id is not null
    {{ last_known('api_key_id') }}

),

keys as (

    select
        {{ conformed_row(
            'keys',
            [
                'api_key_id', 'organization', 'workspace_id', 'principal_id',
                'api_key_name', 'partial_key_hint', 'seen_to', 'created_at',
                'expires_at',
            ],
            is_name_unique=(
                'count(*) over (partition by organization, api_key_name) = 1'
            )
        ) }}
    from newest

)

select * from keys
