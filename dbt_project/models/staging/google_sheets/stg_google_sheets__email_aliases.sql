with source as (

    {{ directory_records('google_sheets', 'email_aliases') }}

),

renamed as (

    select
        -- ids
        record_id,
        {{ clean_email(json_text('alias')) }} as alias,
        {{ clean_email(json_text('email')) }} as email,
        -- numerics
        {{ json_integer('_row') }} as sheet_row,
        -- dates
        seen_from,
        seen_to
    from source

)

select * from renamed
