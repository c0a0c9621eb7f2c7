-- A user who has left the directory keeps the last known e-mail.
with source as (

    {{ directory_records('openai', 'users') }}

),

renamed as (

    select
        organization,
        {{ json_text('id') }} as user_id,
        {{ clean_email(json_text('email')) }} as email,
        {{ clean_text(json_text('name')) }} as full_name,
        seen_from,
        seen_to
    from source

),

newest as (

    select * from renamed
    where
        user_id is not null
        and email is not null
    {{ last_known('user_id') }}

),

users as (

    select
        {{ conformed_row(
            'users', ['user_id', 'organization', 'email', 'full_name', 'seen_to']
        ) }}
    from newest

)

select * from users
