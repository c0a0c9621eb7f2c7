-- GRAIN: one row per event of Google Workspace, and per request to Code Assist
with activities as (

    select * from {{ ref('stg_google__workspace_activities') }}

),

code_assist as (

    select * from {{ ref('stg_google__code_assist_requests') }}

),

unioned as (

    select
        {{ conformed_row(
            'usage_times',
            [
                'usage_date', 'organization', 'actor_email', 'actor_user_id',
                'occurred_at',
            ],
            platform_code="'gemini_workspace'"
        ) }}
    from activities

    union all

    select
        {{ conformed_row(
            'usage_times',
            ['usage_date', 'actor_email', 'occurred_at'],
            organization=google_organization(),
            platform_code="'gemini_code_assist'",
            workspace_id='project_id'
        ) }}
    from code_assist

)

select * from unioned
