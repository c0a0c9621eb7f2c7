-- INVARIANT: total_cost sums to fct_cost_daily.effective_cost_usd
{% set counts = [
    'sessions', 'requests', 'total_tokens', 'messages', 'lines_accepted', 'commits',
    'pull_requests',
] %}

with months as (

    select * from {{ ref('rollup_months') }}

),

costs as (

    select * from {{ ref('rollup_costs_by_month') }}

),

usages as (

    select * from {{ ref('rollup_usages_by_month') }}

),

roster as (

    select * from {{ ref('rollup_roster_by_month') }}

),

budgets as (

    select * from {{ ref('rollup_budgets') }}
    where scope_type = 'department'

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

members as (

    select
        month,
        user_email,
        coalesce(department, {{ no_department() }}) as department
    from roster

),

-- Who the roster does not know has no department; a department's key is never null.
unioned as (

    select
        month,
        coalesce(department, {{ no_department() }}) as department,
        platform_code,
        cast(null as {{ dbt.type_string() }}) as active_email,
        cast(null as {{ dbt.type_string() }}) as other_email,
        effective_cost_usd,
        billed_cost_usd,
    {% for count in counts -%}
        cast(null as int64) as {{ count }}
        {{- "," if not loop.last }}
    {% endfor %}
    from costs

    union all

    select
        usages.month,
        coalesce(usages.department, {{ no_department() }}) as department,
        usages.platform_code,
        nullif(usages.user_email, {{ unattributed() }}) as active_email,
        case
            when members.user_email is null
                then nullif(usages.user_email, {{ unattributed() }})
        end as other_email,
        0 as effective_cost_usd,
        0 as billed_cost_usd,
        usages.{{ counts | join(',\n        usages.') }}
    from usages
    left join members
        on
            usages.month = members.month
            and usages.user_email = members.user_email
            and coalesce(usages.department, {{ no_department() }}) = members.department

),

reported as (

    select
        month,
        department,
        platform_code,
        cast(sum(effective_cost_usd) as {{ type_money() }}) as total_cost,
        cast(sum(billed_cost_usd) as {{ type_money() }}) as billed_cost,
        count(distinct active_email) as active_users,
        count(distinct other_email) as other_active_users,
    {% for count in counts -%}
        cast(sum({{ count }}) as int64) as {{ count }}
        {{- "," if not loop.last }}
    {% endfor %}
    from unioned
    group by month, department, platform_code

),

rosters as (

    select
        month,
        department,
        count(*) as roster_users
    from members
    group by month, department

),

adopted as (

    select
        usages.month,
        members.department,
        usages.platform_code,
        count(distinct usages.user_email) as adopters
    from usages
    inner join members
        on
            usages.month = members.month
            and usages.user_email = members.user_email
    group by usages.month, members.department, usages.platform_code

),

-- The months of the previous quarter, if there is data for all three: then a department
-- without a row in one of them had no cost.
quarters as (

    select
        months.month,
        {{ add_months('months.quarter_start_date', -3) }} as previous_quarter,
        count(earlier.month) as months_seen
    from months
    left join months as earlier
        on
            {{ add_months('months.quarter_start_date', -3) }}
            = earlier.quarter_start_date
    group by months.month, {{ add_months('months.quarter_start_date', -3) }}

),

quarter_costs as (

    select
        months.quarter_start_date,
        reported.department,
        reported.platform_code,
        sum(reported.total_cost) as quarter_cost
    from reported
    inner join months
        on reported.month = months.month
    group by months.quarter_start_date, reported.department, reported.platform_code

),

-- What had cost in the previous quarter and has none now is compared with it too.
pairs as (

    select
        month,
        department,
        platform_code
    from reported

    union all

    select
        quarters.month,
        quarter_costs.department,
        quarter_costs.platform_code
    from quarters
    inner join quarter_costs
        on quarters.previous_quarter = quarter_costs.quarter_start_date
    where quarters.months_seen = 3

),

platforms_of_months as (

    select distinct
        month,
        platform_code
    from pairs

),

-- Adoption is of the whole roster: departments that use nothing are part of it.
listed as (

    select * from pairs

    union distinct

    select
        rosters.month,
        rosters.department,
        platforms_of_months.platform_code
    from rosters
    inner join platforms_of_months
        on rosters.month = platforms_of_months.month

),

summed as (

    select
        listed.month,
        listed.department,
        listed.platform_code,
        cast(coalesce(reported.total_cost, 0) as {{ type_money() }}) as total_cost,
        cast(coalesce(reported.billed_cost, 0) as {{ type_money() }}) as billed_cost,
        coalesce(reported.active_users, 0) as active_users,
        coalesce(reported.other_active_users, 0) as other_active_users,
        reported.{{ counts | join(',\n        reported.') }}
    from listed
    left join reported
        on
            listed.month = reported.month
            and listed.department = reported.department
            and listed.platform_code = reported.platform_code

),

derived as (

    select
        summed.month,
        months.is_complete_month,
        summed.department,
        summed.platform_code,
        platforms.platform_name,
        platforms.vendor,
        platforms.category,
        summed.total_cost,
        summed.billed_cost,
        summed.active_users,
        coalesce(rosters.roster_users, 0) as roster_users,
        {{ ratio('coalesce(adopted.adopters, 0)', 'rosters.roster_users') }}
            as adoption_rate,
        {{ measured('summed.sessions', 'platforms.measures_sessions') }} as sessions,
        {{ requests_counted('summed.requests', 'summed.total_tokens') }} as requests,
        {{ measured('summed.total_tokens', 'platforms.measures_tokens') }}
            as total_tokens,
        {{ measured('summed.messages', 'platforms.measures_messages') }} as messages,
        {{ measured('summed.lines_accepted', 'platforms.measures_lines') }}
            as lines_accepted,
        {{ measured('summed.commits', "summed.platform_code = 'claude_code'") }}
            as commits,
        {{ measured('summed.pull_requests', "summed.platform_code = 'claude_code'") }}
            as pull_requests,
        {{ ratio('summed.total_cost', 'summed.active_users') }} as cost_per_active_user,
        {{ ratio('summed.total_cost', 'summed.lines_accepted') }}
            as cost_per_accepted_line,
        {{ ratio('summed.total_cost', 'summed.commits') }} as cost_per_commit,
        {{ ratio('summed.total_cost', 'summed.pull_requests') }}
            as cost_per_pull_request,
        {{ ratio('summed.total_cost', 'summed.messages') }} as cost_per_message,
        {{ ratio('summed.total_cost * 1000000', 'summed.total_tokens') }}
            as cost_per_million_tokens,
        cast(budgets.budget_usd as {{ type_money() }}) as department_budget,
        {{ ratio('summed.total_cost', 'budgets.budget_usd') }} as share_of_budget,
        {{ roi_status('summed.total_cost', 'summed.lines_accepted') }} as roi_status,
        cast(
            case
                when quarters.months_seen = 3
                    then coalesce(quarter_costs.quarter_cost, 0)
            end
            as {{ type_money() }}
        ) as prev_quarter_cost,
        -- A month compared with an average month of the previous quarter.
        case
            when quarters.months_seen = 3
                then {{ growth('summed.total_cost * 3', 'quarter_costs.quarter_cost') }}
        end as cost_growth_qoq,
        coalesce(adopted.adopters, 0) as active_roster_users,
        summed.other_active_users
    from summed
    inner join months
        on summed.month = months.month
    inner join platforms
        on summed.platform_code = platforms.platform_code
    left join rosters
        on
            summed.month = rosters.month
            and summed.department = rosters.department
    left join adopted
        on
            summed.month = adopted.month
            and summed.department = adopted.department
            and summed.platform_code = adopted.platform_code
    left join budgets
        on
            summed.month = budgets.month
            and lower(summed.department) = lower(budgets.scope)
    left join quarters
        on summed.month = quarters.month
    left join quarter_costs
        on
            quarters.previous_quarter = quarter_costs.quarter_start_date
            and summed.department = quarter_costs.department
            and summed.platform_code = quarter_costs.platform_code

)

select * from derived
