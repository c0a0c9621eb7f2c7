with source as (

    {{ current_records('cursor', 'members') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('payload', 'id') }} as member_id,
        {{ clean_email(json_text('payload', 'email')) }} as email,
        -- strings
        {{ clean_text(json_text('payload', 'name')) }} as full_name,
        {{ json_text('payload', 'role') }} as role,
        -- booleans
        coalesce(cast({{ json_text('payload', 'isRemoved') }} as boolean), false) as is_removed,
        -- dates
        window_start as snapshot_date
    from source

)

select * from renamed
