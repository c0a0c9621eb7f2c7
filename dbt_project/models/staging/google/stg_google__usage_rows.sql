-- GRAIN: one row per event of Google Workspace
-- INVARIANT: each request and token is counted by one source only
with activities as (

    select * from {{ ref('stg_google__workspace_activities') }}

),

activity_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            ['usage_date', 'organization', 'actor_email', 'actor_user_id'],
            platform_code="'gemini_workspace'",
            product='app_name',
            usage_type="'workspace_action'",
            source="'workspace_activities'",
            requests='1'
        ) }}
    from activities

)

select * from activity_rows
