-- GRAIN: one row per member of a billing group and span in which the directory shows
-- the same values of the group
with source as (

    {{ directory_records('cursor', 'groups') }}

),

-- A group's record is long. It is read before its members become rows, and so once and
-- not for each of them.
named as (

    select
        -- ids
        record_id,
        organization,
        {{ json_text('id') }} as group_id,
        -- strings
        {{ clean_text(json_text('name')) }} as group_name,
        {{ json_texts('currentMembers', 'email') }} as emails,
        -- dates
        seen_from,
        seen_to
    from source

),

renamed as (

    select
        named.record_id,
        named.organization,
        named.group_id,
        {{ clean_email('members.email') }} as email,
        named.group_name,
        named.seen_from,
        named.seen_to
    from named
    cross join {{ elements_of('named.emails', 'members', 'email') }}

)

select * from renamed
where email is not null
