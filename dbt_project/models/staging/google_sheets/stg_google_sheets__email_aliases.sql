with source as (

    {{ current_records('google_sheets', 'email_aliases') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        {{ clean_email(json_text('alias')) }} as alias,
        {{ clean_email(json_text('email')) }} as email,
        -- numerics
        {{ json_integer('_row') }} as sheet_row,
        -- dates
        window_start as snapshot_date
    from source

)

select * from renamed
