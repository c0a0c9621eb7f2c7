-- GRAIN: one row per user and day in editors, and one on the command line
with user_days as (

    select * from {{ ref('stg_github__user_days') }}

),

editor_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            [
                'usage_date', 'organization', 'lines_suggested', 'lines_accepted',
                'suggestions_shown', 'suggestions_accepted',
            ],
            actor_user_id='login_name',
            platform_code="'github_copilot'",
            usage_type="'editor'",
            source="'copilot_users'",
            requests='interactions'
        ) }}
    from user_days

),

-- What is asked on the command line is not among what is asked in editors.
command_line_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            ['usage_date', 'organization'],
            actor_user_id='login_name',
            platform_code="'github_copilot'",
            usage_type="'command_line'",
            source="'copilot_users'",
            requests='cli_prompts'
        ) }}
    from user_days

),

unioned as (

    select * from editor_rows

    union all

    select * from command_line_rows

)

select * from unioned
