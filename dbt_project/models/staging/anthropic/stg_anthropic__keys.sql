-- A key that has left the directory keeps its last known entry.
with source as (

    {{ directory_records('anthropic', 'api_keys') }}

),

renamed as (

    select
        -- ids
        record_id,
        organization,
        {{ json_text('id') }} as api_key_id,
        coalesce(
            {{ json_text('scope.workspace_id') }},
            {{ json_text('workspace_id') }}
        ) as workspace_id,
        coalesce(
            {{ json_text('principal.user_id') }},
            {{ json_text('principal.id') }},
            {{ json_text('principal.service_account_id') }}
        ) as principal_id,
        {{ json_text('created_by.id') }} as created_by_id,
        -- strings
        {{ clean_text(json_text('name')) }} as api_key_name,
        {{ json_text('status') }} as status,
        {{ json_text('partial_key_hint') }} as partial_key_hint,
        -- dates
        seen_from,
        seen_to,
        -- timestamps
        {{ text_to_timestamp(json_text('created_at')) }} as created_at,
        {{ text_to_timestamp(json_text('expires_at')) }} as expires_at
    from source

),

newest as (

    select * from renamed
    where api_key_id is not null
    {{ last_known('api_key_id') }}

),

named as (

    select
        *,
        count(*) over (partition by organization, api_key_name) = 1 as is_name_unique
    from newest

)

select * from named
