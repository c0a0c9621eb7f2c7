with windows as (

    {{ all_sources('base', 'windows', [
        'resource', 'organization', 'load_id', 'records', 'window_start', 'window_end',
        'loaded_at',
    ]) }}

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
    from windows

)

select * from marked
