with source as (

    {{ current_records('cursor', 'groups') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('payload', 'id') }} as group_id,
        -- strings
        {{ clean_text(json_text('payload', 'name')) }} as group_name,
        {{ json_text('payload', 'type') }} as group_type,
        -- numerics
        coalesce({{ json_integer('payload', 'memberCount') }}, 0) as members,
        {{ cents_to_usd(json_text('payload', 'spendCents')) }} as spend_usd,
        -- dates
        window_start as snapshot_date
    from source

)

select * from renamed
