-- A user who has left the directory keeps the last known e-mail.
with source as (

    {{ directory_records('anthropic', 'users') }}

),

renamed as (

    select
        -- ids
        record_id,
        organization,
        {{ json_text('id') }} as user_id,
        {{ clean_email(json_text('email')) }} as email,
        -- strings
        {{ clean_text(json_text('name')) }} as full_name,
        {{ json_text('role') }} as role,
        -- dates
        seen_from,
        seen_to,
        -- timestamps
        {{ text_to_timestamp(json_text('added_at')) }} as added_at
    from source

),

newest as (

    select * from renamed
    where
        user_id is not null
        and email is not null
    {{ last_known('user_id') }}

)

select * from newest
