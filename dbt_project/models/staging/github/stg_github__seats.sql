-- GRAIN: one row per seat and span in which the directory shows the same values
with source as (

    {{ directory_records('github', 'copilot_seats') }}

),

renamed as (

    select
        -- ids
        record_id,
        organization,
        lower({{ clean_text(json_text('organization.login')) }}) as github_organization,
        {{ json_text('assignee.id') }} as account_id,
        lower({{ clean_text(json_text('assignee.login')) }}) as login_name,
        -- strings
        lower({{ json_text('plan_type') }}) as plan_type,
        -- dates
        seen_from,
        seen_to,
        -- timestamps
        {{ text_to_timestamp(json_text('created_at')) }} as created_at
    from source

)

select * from renamed
