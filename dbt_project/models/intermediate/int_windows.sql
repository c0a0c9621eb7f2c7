with anthropic as (

    select * from {{ ref('base_anthropic__windows') }}

),

cursor_windows as (

    select * from {{ ref('base_cursor__windows') }}

),

google_sheets as (

    select * from {{ ref('base_google_sheets__windows') }}

),

unioned as (

    select
        'anthropic' as source_name,
        resource,
        organization,
        load_id,
        records,
        window_start,
        window_end,
        loaded_at
    from anthropic

    union all

    select
        'cursor' as source_name,
        resource,
        organization,
        load_id,
        records,
        window_start,
        window_end,
        loaded_at
    from cursor_windows

    union all

    select
        'google_sheets' as source_name,
        resource,
        organization,
        load_id,
        records,
        window_start,
        window_end,
        loaded_at
    from google_sheets

),

marked as (

    select
        source_name,
        resource,
        organization,
        load_id,
        records,
        window_start,
        window_end,
        loaded_at,
        resource in (
            'analytics_usage',
            'analytics_cost',
            'analytics_users',
            'usage_report_messages',
            'cost_report',
            'usage_report_claude_code',
            'daily_usage',
            'usage_events'
        ) as is_daily
    from unioned

)

select * from marked
