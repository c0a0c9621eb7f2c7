-- GRAIN: one row per member of a billing group and span in which the directory shows
-- the same values of the group
with source as (

    {{ directory_records('cursor', 'groups') }}

),

renamed as (

    select
        -- ids
        source.record_id,
        source.organization,
        {{ json_text('id') }} as group_id,
        {{ clean_email('members.email') }} as email,
        -- strings
        {{ clean_text(json_text('name')) }} as group_name,
        -- dates
        source.seen_from,
        source.seen_to
    from source
    cross join {{ json_texts_of('currentMembers', 'email', 'members') }}

)

select * from renamed
where email is not null
