-- GRAIN: one row per seat of Gemini Enterprise and span in which the directory shows
-- the same values
with source as (

    {{ directory_records('google', 'gemini_enterprise_licenses') }}

),

renamed as (

    select
        -- ids
        record_id,
        organization as project_id,
        lower({{ clean_text(json_text('userPrincipal')) }}) as email,
        -- strings
        {{ json_text('licenseAssignmentState') }} as assignment_state,
        -- dates
        seen_from,
        seen_to,
        -- timestamps
        {{ google_time(json_text('createTime')) }} as created_at,
        {{ google_time(json_text('lastLoginTime')) }} as last_login_at
    from source

),

-- The others had a seat, or tried to log in without one.
assigned as (

    select * from renamed
    where assignment_state = 'ASSIGNED'

)

select * from assigned
