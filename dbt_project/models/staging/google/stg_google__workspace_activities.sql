-- GRAIN: one row per event of an activity
-- An activity that two pages list is one.
with source as (

    {{ current_records('google', 'workspace_activities') }}

),

activities as (

    select
        organization,
        window_start,
        payload,
        {{ json_text('id.time') }} as activity_time,
        {{ json_text('id.uniqueQualifier') }} as unique_qualifier
    from source
    qualify row_number() over (
        partition by
            organization,
            window_start,
            {{ json_text('id.time') }},
            {{ json_text('id.uniqueQualifier') }}
        order by _dlt_id
    ) = 1

),

events as (

    select
        activities.organization,
        activities.window_start,
        activities.activity_time,
        activities.unique_qualifier,
        {{ clean_email(json_text('actor.email')) }} as actor_email,
        {{ json_text('actor.profileId') }} as profile_id,
        events.part as payload
    from activities
    cross join {{ json_parts_of('events', 'events') }}

),

renamed as (

    select
        -- ids
        organization,
        unique_qualifier,
        actor_email,
        -- An account without an address is known by its number.
        case when actor_email is null then profile_id end as actor_user_id,
        -- strings
        {{ clean_text(json_named_text('parameters', 'action')) }} as action_name,
        lower({{ clean_text(json_named_text('parameters', 'app_name')) }}) as app_name,
        -- dates
        window_start as usage_date,
        -- timestamps
        {{ text_to_timestamp('activity_time') }} as occurred_at
    from events

)

select * from renamed
