-- GRAIN: one row per user and day, as last reported
-- The report has a user in each of their organizations, with the same counts.
with source as (

    {{ current_records('github', 'copilot_users') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('organization_id') }} as github_organization_id,
        {{ json_text('user_id') }} as account_id,
        lower({{ clean_text(json_text('user_login')) }}) as login_name,
        -- numerics
        {{ json_count('user_initiated_interaction_count') }} as interactions,
        {{ json_count('code_generation_activity_count') }} as suggestions_shown,
        {{ json_count('code_acceptance_activity_count') }} as suggestions_accepted,
        {{ json_count('loc_suggested_to_add_sum') }} as lines_suggested,
        {{ json_count('loc_added_sum') }} as lines_accepted,
        {{ json_count('totals_by_cli.prompt_count') }} as cli_prompts,
        -- dates
        window_start as usage_date
    from source

),

counted_once as (

    select *
    from renamed
    qualify row_number() over (
        partition by usage_date, organization, coalesce(account_id, login_name)
        order by
            interactions + cli_prompts desc,
            lines_suggested desc,
            github_organization_id asc,
            record_id asc
    ) = 1

)

select * from counted_once
