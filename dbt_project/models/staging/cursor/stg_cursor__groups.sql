with source as (

    {{ current_records('cursor', 'groups') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('id') }} as group_id,
        -- strings
        {{ clean_text(json_text('name')) }} as group_name,
        {{ json_text('type') }} as group_type,
        -- numerics
        {{ json_count('memberCount') }} as members,
        {{ cents_to_usd(json_text('spendCents')) }} as spend_usd,
        -- dates
        window_start as snapshot_date
    from source

)

select * from renamed
