{{ config(**replaced_by_month(
    'month', changes='int_changed_days', cluster_by=['platform_code', 'department']
)) }}

-- GRAIN: one row per month, department, person and tool
{% set days = days_of_changed_months(ref('int_changed_days')) %}
{% set counts = [
    'sessions', 'requests', 'total_tokens', 'lines_suggested', 'suggested_lines_accepted',
    'lines_accepted', 'tabs_shown', 'tabs_accepted', 'edits_applied', 'edits_accepted',
    'tool_actions_decided', 'tool_actions_accepted', 'commits', 'pull_requests',
] %}
{% set costs_usd = ['list_cost_usd', 'billed_cost_usd', 'effective_cost_usd'] %}

with productivity as (

    select
        *,
        {{ first_day_of('month', 'activity_date') }} as month
    from {{ ref('vw_engineering_productivity') }}
    where {{ in_days('activity_date', days) }}

),

summed as (

    select
        month,
        department,
        user_email,
        platform_code,
        count(distinct case when is_active then activity_date end) as active_days,
        {% for count in counts %}
            cast(sum({{ count }}) as int64) as {{ count }},
        {% endfor %}
    {%- for cost in costs_usd %}
        cast(sum({{ cost }}) as {{ type_money() }}) as {{ cost }}
        {{- "," if not loop.last }}
    {% endfor %}
    from productivity
    group by month, department, user_email, platform_code

)

select * from summed
