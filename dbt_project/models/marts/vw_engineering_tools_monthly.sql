-- GRAIN: one row per month, department and tool
-- The roster of a month may change without a change of its days, so every run builds
-- the whole table, from sums by month and person.
{% set counts = [
    'sessions', 'requests', 'total_tokens', 'lines_suggested', 'suggested_lines_accepted',
    'lines_accepted', 'tabs_shown', 'tabs_accepted', 'edits_applied', 'edits_accepted',
    'tool_actions_decided', 'tool_actions_accepted', 'commits', 'pull_requests',
] %}
{% set costs_usd = ['list_cost_usd', 'billed_cost_usd', 'effective_cost_usd'] %}
{% set people = [
    'active_users', 'multi_tool_users', 'active_days', 'roster_users',
    'active_roster_users', 'other_active_users',
] %}

with months as (

    select * from {{ ref('rollup_months') }}

),

person_months as (

    select
        *,
        user_email != {{ unattributed() }} and active_days > 0 as is_active
    from {{ ref('rollup_engineering_months') }}

),

roster as (

    select * from {{ ref('rollup_roster_by_month') }}

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

-- In any department in which the person used it.
active_people as (

    select distinct
        month,
        platform_code,
        user_email
    from person_months
    where is_active

),

-- A key of the API does not count as a second tool.
tools_of_people as (

    select
        active_people.month,
        active_people.user_email,
        count(*) as tools
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

unioned as (

    select
        person_months.month,
        person_months.department,
        person_months.platform_code,
        case when person_months.is_active then 1 else 0 end as active_users,
        case
            when person_months.is_active and tools_of_people.tools > 1 then 1 else 0
        end as multi_tool_users,
        case when person_months.is_active then person_months.active_days else 0 end
            as active_days,
        0 as roster_users,
        0 as active_roster_users,
        case
            when person_months.is_active and members.user_email is null then 1 else 0
        end as other_active_users,
    {% for column in counts + costs_usd -%}
        person_months.{{ column }}
        {{- "," if not loop.last }}
    {% endfor %}
    from person_months
    left join tools_of_people
        on
            person_months.month = tools_of_people.month
            and person_months.user_email = tools_of_people.user_email
    left join roster as members
        on
            person_months.month = members.month
            and person_months.user_email = members.user_email
            and coalesce(person_months.department, {{ no_department() }})
            = coalesce(members.department, {{ no_department() }})

    union all

    select
        roster.month,
        roster.department,
        tools_of_months.platform_code,
        0 as active_users,
        0 as multi_tool_users,
        0 as active_days,
        1 as roster_users,
        case when active_people.user_email is null then 0 else 1 end
            as active_roster_users,
        0 as other_active_users,
        {% for count in counts %}
            cast(null as int64) as {{ count }},
        {% endfor %}
        cast(0 as {{ type_money() }}) as list_cost_usd,
        cast(0 as {{ type_money() }}) as billed_cost_usd,
        cast(0 as {{ type_money() }}) as effective_cost_usd
    from roster
    inner join tools_of_months
        on roster.month = tools_of_months.month
    left join active_people
        on
            roster.month = active_people.month
            and roster.user_email = active_people.user_email
            and tools_of_months.platform_code = active_people.platform_code

),

summed as (

    select
        month,
        coalesce(department, {{ no_department() }}) as department,
        platform_code,
        {% for count in people + counts %}
            cast(sum({{ count }}) as int64) as {{ count }},
        {% endfor %}
    {%- for cost in costs_usd %}
        cast(sum({{ cost }}) as {{ type_money() }}) as {{ cost }}
        {{- "," if not loop.last }}
    {% endfor %}
    from unioned
    group by month, coalesce(department, {{ no_department() }}), platform_code

),

rated as (

    select
        summed.*,
        months.is_complete_month,
        {{ ratio('summed.active_roster_users', 'summed.roster_users') }}
            as adoption_rate,
        {{ ratio('summed.suggested_lines_accepted', 'summed.lines_suggested') }}
            as acceptance_rate,
        {{ ratio('summed.tabs_accepted', 'summed.tabs_shown') }} as tab_accept_rate,
        {{ ratio('summed.edits_accepted', 'summed.edits_applied') }}
            as edit_accept_rate,
        {{ ratio('summed.tool_actions_accepted', 'summed.tool_actions_decided') }}
            as tool_accept_rate,
        {{ ratio('summed.effective_cost_usd', 'summed.active_users') }}
            as cost_per_active_user_usd,
        {{ ratio('summed.effective_cost_usd', 'summed.lines_accepted') }}
            as cost_per_accepted_line_usd
    from summed
    inner join months
        on summed.month = months.month

)

select * from rated
