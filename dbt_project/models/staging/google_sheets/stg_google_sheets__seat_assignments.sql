with source as (

    {{ current_records('google_sheets', 'seat_assignments') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        {{ clean_email(json_text('email')) }} as email,
        -- strings
        lower({{ clean_text(json_text('platform')) }}) as platform,
        lower({{ clean_text(json_text('plan')) }}) as plan,
        -- numerics
        {{ json_integer('_row') }} as sheet_row,
        -- dates
        window_start as snapshot_date,
        {{ json_date('assigned_from') }} as assigned_from,
        {{ json_date('assigned_to') }} as assigned_to
    from source

)

select * from renamed
