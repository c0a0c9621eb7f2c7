-- GRAIN: one row per event of Google Workspace
with activities as (

    select * from {{ ref('stg_google__workspace_activities') }}

),

usage_times as (

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

)

select * from usage_times
