with source as (

    {{ directory_records('cursor', 'members') }}

),

renamed as (

    select
        -- ids
        record_id,
        organization,
        {{ json_text('id') }} as member_id,
        {{ clean_email(json_text('email')) }} as email,
        -- strings
        {{ clean_text(json_text('name')) }} as full_name,
        {{ json_text('role') }} as role,
        -- booleans
        coalesce({{ json_boolean('isRemoved') }}, false) as is_removed,
        -- dates
        seen_from,
        seen_to
    from source

)

select * from renamed
