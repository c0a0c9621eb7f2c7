with source as (

    {{ directory_records('cursor', 'groups') }}

),

renamed as (

    select
        -- ids
        record_id,
        organization,
        {{ json_text('id') }} as group_id,
        -- strings
        {{ clean_text(json_text('name')) }} as group_name,
        {{ json_text('type') }} as group_type,
        -- numerics
        {{ json_count('memberCount') }} as members,
        {{ cents_to_usd(json_text('spendCents')) }} as spend_usd,
        -- dates
        seen_from,
        seen_to
    from source

)

select * from renamed
