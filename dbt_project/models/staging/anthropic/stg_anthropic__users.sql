with source as (

    {{ current_records('anthropic', 'users') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('payload', 'id') }} as user_id,
        {{ clean_email(json_text('payload', 'email')) }} as email,
        -- strings
        {{ clean_text(json_text('payload', 'name')) }} as full_name,
        {{ json_text('payload', 'role') }} as role,
        -- dates
        window_start as snapshot_date,
        -- timestamps
        {{ text_to_timestamp(json_text('payload', 'added_at')) }} as added_at
    from source

)

select * from renamed
