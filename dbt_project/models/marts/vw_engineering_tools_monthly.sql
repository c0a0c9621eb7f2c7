-- GRAIN: one row per month, department and tool
-- A month's roster may change with no change of its days, so the table is built whole,
-- from sums by month and person.
{% set counts = [
    'sessions', 'requests', 'total_tokens', 'lines_suggested', 'suggested_lines_accepted',
    'lines_accepted', 'tabs_shown', 'tabs_accepted', 'edits_applied', 'edits_accepted',
    'tool_actions_decided', 'tool_actions_accepted', 'commits', 'pull_requests',
] %}
{% set costs_usd = ['list_cost_usd', 'billed_cost_usd', 'effective_cost_usd'] %}
{% set people = [
    'active_users', 'multi_tool_users', 'active_days', 'roster_users', 'active_roster_users'
] %}

with person_months as (

    select * from {{ ref('int_engineering_months') }}

),

roster_spans as (

    select * from {{ ref('int_roster_spans') }}

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

active_people as (

    select
        month,
        platform_code,
        department,
        user_email
    from person_months
    where
        active_days > 0
        and user_email != {{ unattributed() }}

),

-- Who changes department in a month still used what they used before. A key of the API
-- is no second tool to type into.
tools_of_people as (

    select
        active_people.month,
        active_people.user_email,
        count(distinct active_people.platform_code) as tools
    from active_people
    inner join platforms
        on active_people.platform_code = platforms.platform_code
    where platforms.category = 'engineering_productivity'
    group by active_people.month, active_people.user_email

),

tools_of_months as (

    select distinct
        month,
        platform_code
    from person_months

),

rosters as (

    select distinct
        tools_of_months.month,
        tools_of_months.platform_code,
        roster_spans.department,
        roster_spans.user_email
    from tools_of_months
    inner join roster_spans
        on
            roster_spans.on_roster_from
            < {{ next_first_day('month', 'tools_of_months.month') }}
            and roster_spans.on_roster_from < {{ as_of_date() }}
            and tools_of_months.month < roster_spans.on_roster_to

),

unioned as (

    select
        person_months.month,
        person_months.department,
        person_months.platform_code,
        case when person_months.user_email != {{ unattributed() }}
            and person_months.active_days > 0 then 1 else 0 end as active_users,
        case when tools_of_people.tools > 1 and person_months.active_days > 0
            then 1 else 0 end as multi_tool_users,
        case when person_months.user_email != {{ unattributed() }}
            then person_months.active_days else 0 end as active_days,
        0 as roster_users,
        0 as active_roster_users,
    {% for column in counts + costs_usd %}
        person_months.{{ column }}
        {{- "," if not loop.last }}
    {% endfor %}
    from person_months
    left join tools_of_people
        on
            person_months.month = tools_of_people.month
            and person_months.user_email = tools_of_people.user_email

    union all

    select
        rosters.month,
        rosters.department,
        rosters.platform_code,
        0 as active_users,
        0 as multi_tool_users,
        0 as active_days,
        1 as roster_users,
        case when active_people.user_email is null then 0 else 1 end
            as active_roster_users,
    {% for count in counts %}
        cast(null as int64) as {{ count }},
    {% endfor %}
        cast(0 as {{ type_money() }}) as list_cost_usd,
        cast(0 as {{ type_money() }}) as billed_cost_usd,
        cast(0 as {{ type_money() }}) as effective_cost_usd
    from rosters
    left join active_people
        on
            rosters.month = active_people.month
            and rosters.platform_code = active_people.platform_code
            and rosters.user_email = active_people.user_email
            and coalesce(rosters.department, '')
            = coalesce(active_people.department, '')

),

summed as (

    select
        month,
        department,
        platform_code,
    {% for count in people + counts %}
        cast(sum({{ count }}) as int64) as {{ count }},
    {% endfor %}
    {%- for cost in costs_usd %}
        cast(sum({{ cost }}) as {{ type_money() }}) as {{ cost }}
        {{- "," if not loop.last }}
    {% endfor %}
    from unioned
    group by month, department, platform_code

),

rated as (

    select
        *,
        {{ is_complete_month('month') }} as is_complete_month,
        {{ ratio('active_roster_users', 'roster_users') }} as adoption_rate,
        {{ ratio('suggested_lines_accepted', 'lines_suggested') }} as acceptance_rate,
        {{ ratio('tabs_accepted', 'tabs_shown') }} as tab_accept_rate,
        {{ ratio('edits_accepted', 'edits_applied') }} as edit_accept_rate,
        {{ ratio('tool_actions_accepted', 'tool_actions_decided') }}
            as tool_accept_rate,
        {{ ratio('effective_cost_usd', 'active_users') }} as cost_per_active_user_usd,
        {{ ratio('effective_cost_usd', 'lines_accepted') }}
            as cost_per_accepted_line_usd
    from summed

)

select * from rated
