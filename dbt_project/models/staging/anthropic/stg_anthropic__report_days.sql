-- Which source counts for an organization's cost and usage on a day: the analytics API
-- if its window was landed, otherwise the legacy reports. Never both.
with windows as (

    select * from {{ ref('stg_windows') }}
    where source_name = 'anthropic'

),

days as (

    select
        organization,
        window_start as report_date,
        max(case when resource = 'analytics_cost' then 1 else 0 end) = 1
            as has_analytics_cost,
        max(case when resource = 'analytics_usage' then 1 else 0 end) = 1
            as has_analytics_usage,
        max(case when resource = 'usage_report_claude_code' then 1 else 0 end) = 1
            as has_claude_code_report
    from windows
    where resource in ('analytics_cost', 'analytics_usage', 'usage_report_claude_code')
    group by organization, window_start

)

select * from days
