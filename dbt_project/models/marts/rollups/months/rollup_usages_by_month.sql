{{ config(**replaced_by_month(
    'month', changes='int_changed_days', cluster_by=['platform_code', 'user_email']
)) }}

-- GRAIN: one row per month, platform, person, and department, team and cost center on
-- the day
-- INVARIANT: sums to fct_usage_daily
{% set days = days_of_changed_months(ref('int_changed_days')) %}
{% set measures = [
    'sessions', 'requests', 'uncached_input_tokens', 'cache_read_tokens',
    'cache_write_5m_tokens', 'cache_write_1h_tokens', 'output_tokens', 'total_tokens',
    'messages', 'lines_suggested', 'lines_accepted', 'suggestions_shown',
    'suggestions_accepted', 'commits', 'pull_requests', 'suggested_lines_accepted',
] %}

with usages as (

    select * from {{ ref('fct_usage_daily') }}
    where {{ in_days('usage_date', days) }}

),

dated as (

    select
        *,
        {{ first_day_of('month', 'usage_date') }} as month
    from usages

),

summed as (

    select
        month,
        platform_code,
        user_email,
        department,
        team,
        cost_center,
    {% for measure in measures -%}
        cast(sum({{ measure }}) as int64) as {{ measure }}
        {{- "," if not loop.last }}
    {% endfor %}
    from dated
    group by all

)

select * from summed
