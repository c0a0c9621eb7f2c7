{{ config(**replaced_by_day(
    'activity_date',
    changes='int_changed_days',
    cluster_by=['platform_code', 'department', 'user_email'],
    whole_months=true,
    needs_memory=true
)) }}

-- GRAIN: one row per day, person and tool; where no person is known, also per cost
-- center
-- INVARIANT: a day costs what fct_cost_daily says that engineering cost
-- A person's type is of the month, so all days of a changed month are built again.
{% set days = days_of_changed_months(ref('int_changed_days')) %}
{% set key = [
    'activity_date', 'platform_code', 'user_sk', 'user_email', 'department', 'team',
    'cost_center',
] %}
{% set modes = ['agent', 'chat', 'composer', 'cmd_k', 'bugbot'] %}
{% set counts_of_cursor = [
    'tabs_shown', 'tabs_accepted', 'edits_applied', 'edits_accepted', 'agent_requests',
    'chat_requests', 'composer_requests', 'cmd_k_requests', 'bugbot_requests',
] %}
{% set counts_of_claude_code = [
    'tool_actions_decided', 'tool_actions_accepted', 'commits', 'pull_requests'
] %}
{% set counts = [
    'sessions', 'requests', 'total_tokens', 'lines_suggested',
    'suggested_lines_accepted', 'lines_accepted',
] + counts_of_cursor + counts_of_claude_code %}
{% set costs_usd = ['list_cost_usd', 'billed_cost_usd', 'effective_cost_usd'] %}

with usages as (

    select * from {{ ref('fct_usage_daily') }}
    where
        {{ in_days('usage_date', days) }}
        and usage_category = 'engineering_productivity'

),

costs as (

    select * from {{ ref('fct_cost_daily') }}
    where
        {{ in_days('cost_date', days) }}
        and usage_category = 'engineering_productivity'

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

user_months as (

    select * from {{ ref('rollup_active_days_by_month') }}

),

-- Rows of usage and of cost are unioned, so that neither multiplies the other and
-- either may be missing.
unioned as (

    select
        usage_date as activity_date,
        platform_code,
        user_sk,
        user_email,
        department,
        team,
        cost_center,
        1 as usage_rows,
        case when usage_type = 'model_request' and requests is null then 1 else 0 end
            as uncounted_rows,
        sessions,
        requests,
        total_tokens,
        lines_suggested,
        suggested_lines_accepted,
        lines_accepted,
        case when usage_type = 'tab' then suggestions_shown end as tabs_shown,
        case when usage_type = 'tab' then suggestions_accepted end
            as tabs_accepted,
        case when usage_type = 'edit' then suggestions_shown end
            as edits_applied,
        case when usage_type = 'edit' then suggestions_accepted end
            as edits_accepted,
        {% for mode in modes %}
            case when usage_type = '{{ mode }}' then mode_requests end
                as {{ mode }}_requests,
        {% endfor %}
        case when usage_type = 'session' then suggestions_shown end
            as tool_actions_decided,
        case when usage_type = 'session' then suggestions_accepted end
            as tool_actions_accepted,
        commits,
        pull_requests,
        cast(0 as {{ type_money() }}) as list_cost_usd,
        cast(0 as {{ type_money() }}) as billed_cost_usd,
        cast(0 as {{ type_money() }}) as effective_cost_usd
    from usages

    union all

    select
        cost_date as activity_date,
        platform_code,
        user_sk,
        user_email,
        department,
        team,
        cost_center,
        0 as usage_rows,
        0 as uncounted_rows,
        {% for count in counts %}
            cast(null as int64) as {{ count }},
        {% endfor %}
        list_cost_usd,
        billed_cost_usd,
        effective_cost_usd
    from costs

),

summed as (

    select
        {{ key | join(', ') }},
        sum(usage_rows) as usage_rows,
        sum(uncounted_rows) as uncounted_rows,
        {% for count in counts %}
            cast(sum({{ count }}) as int64) as {{ count }},
        {% endfor %}
    {%- for cost in costs_usd %}
        cast(sum({{ cost }}) as {{ type_money() }}) as {{ cost }}
        {{- "," if not loop.last }}
    {% endfor %}
    from unioned
    group by {{ key | join(', ') }}

),

-- What a vendor does not measure is null, not zero.
measured as (

    select
        summed.activity_date,
        summed.platform_code,
        summed.user_sk,
        summed.user_email,
        summed.department,
        summed.team,
        summed.cost_center,
        user_months.user_type,
        summed.usage_rows > 0 as is_active,
        {{ measured('summed.sessions', 'platforms.measures_sessions') }} as sessions,
        case when summed.uncounted_rows = 0 then coalesce(summed.requests, 0) end
            as requests,
        {{ measured('summed.total_tokens', 'platforms.measures_tokens') }}
            as total_tokens,
        {{ measured('summed.lines_suggested', 'platforms.measures_suggested_lines') }}
            as lines_suggested,
        {{ measured(
            'summed.suggested_lines_accepted', 'platforms.measures_suggested_lines'
        ) }} as suggested_lines_accepted,
        {{ measured('summed.lines_accepted', 'platforms.measures_lines') }}
            as lines_accepted,
        {% for count in counts_of_cursor %}
            {{ measured('summed.' ~ count, "summed.platform_code = 'cursor'") }}
                as {{ count }},
        {% endfor %}
        {% for count in counts_of_claude_code %}
            {{ measured('summed.' ~ count, "summed.platform_code = 'claude_code'") }}
                as {{ count }},
        {% endfor %}
        summed.list_cost_usd,
        summed.billed_cost_usd,
        summed.effective_cost_usd
    from summed
    inner join platforms
        on summed.platform_code = platforms.platform_code
    left join user_months
        on
            {{ first_day_of('month', 'summed.activity_date') }} = user_months.month
            and summed.user_email = user_months.user_email

),

rated as (

    select
        *,
        {{ ratio('suggested_lines_accepted', 'lines_suggested') }} as acceptance_rate,
        {{ ratio('tabs_accepted', 'tabs_shown') }} as tab_accept_rate,
        {{ ratio('edits_accepted', 'edits_applied') }} as edit_accept_rate,
        {{ ratio('tool_actions_accepted', 'tool_actions_decided') }}
            as tool_accept_rate,
        {{ ratio('effective_cost_usd', 'lines_accepted') }}
            as cost_per_accepted_line_usd
    from measured

)

select * from rated
