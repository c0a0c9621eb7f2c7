-- GRAIN: one row per usage event
with events as (

    select * from {{ ref('stg_cursor__usage_events') }}

),

usage_times as (

    select
        {{ conformed_row(
            'usage_times',
            [
                'usage_date', 'organization', 'actor_email', 'service_account_id',
                'occurred_at',
            ],
            platform_code="'cursor'"
        ) }}
    from events

)

select * from usage_times
