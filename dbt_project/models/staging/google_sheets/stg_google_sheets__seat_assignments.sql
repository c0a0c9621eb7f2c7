with source as (

    {{ directory_records('google_sheets', 'seat_assignments') }}

),

renamed as (

    select
        -- ids
        record_id,
        {{ clean_email(json_text('email')) }} as email,
        -- strings
        lower({{ clean_text(json_text('platform')) }}) as platform,
        lower({{ clean_text(json_text('plan')) }}) as plan,
        -- numerics
        {{ json_integer('_row') }} as sheet_row,
        -- dates
        seen_from,
        seen_to,
        {{ json_date('assigned_from') }} as assigned_from,
        {{ json_date('assigned_to') }} as assigned_to
    from source

)

select * from renamed
