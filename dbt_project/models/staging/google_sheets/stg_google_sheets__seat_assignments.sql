with source as (

    {{ current_records('google_sheets', 'seat_assignments') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        {{ clean_email(json_text('payload', 'email')) }} as email,
        -- strings
        lower({{ clean_text(json_text('payload', 'platform')) }}) as platform,
        lower({{ clean_text(json_text('payload', 'plan')) }}) as plan,
        -- numerics
        {{ json_integer('payload', '_row') }} as sheet_row,
        -- dates
        window_start as snapshot_date,
        cast({{ clean_text(json_text('payload', 'assigned_from')) }} as date) as assigned_from,
        cast({{ clean_text(json_text('payload', 'assigned_to')) }} as date) as assigned_to
    from source

)

select * from renamed
