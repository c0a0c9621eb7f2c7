with source as (

    {{ directory_records('anthropic', 'service_accounts') }}

),

renamed as (

    select
        -- ids
        record_id,
        organization,
        {{ json_text('id') }} as service_account_id,
        {{ json_text('created_by_actor_id') }} as created_by_id,
        -- strings
        {{ clean_text(json_text('name')) }} as service_account_name,
        {{ clean_text(json_text('description')) }} as description,
        -- dates
        seen_from,
        seen_to,
        -- timestamps
        {{ text_to_timestamp(json_text('created_at')) }} as created_at,
        {{ text_to_timestamp(json_text('archived_at')) }} as archived_at
    from source

)

select * from renamed
