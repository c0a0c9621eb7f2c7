-- Only tools that write code: those whose vendor measures lines.
with months as (

    select * from {{ ref('rollup_months') }}

),

platforms as (

    select * from {{ ref('platforms') }}
    where measures_lines

),

all_usages as (

    select * from {{ ref('rollup_usages_by_month') }}

),

all_costs as (

    select * from {{ ref('rollup_costs_by_month') }}

),

active_days as (

    select * from {{ ref('rollup_active_days_by_month') }}

),

roster as (

    select * from {{ ref('rollup_roster_by_month') }}

),

users as (

    select * from {{ ref('dim_users') }}

),

usages as (

    select
        all_usages.month,
        all_usages.user_email,
        sum(all_usages.sessions) as sessions,
        sum(all_usages.lines_suggested) as lines_suggested,
        sum(all_usages.lines_accepted) as lines_accepted,
        sum(
            case when platforms.measures_sessions then all_usages.lines_accepted end
        ) as lines_in_sessions,
        sum(all_usages.suggested_lines_accepted) as suggested_lines_accepted,
        sum(all_usages.commits) as commits,
        sum(all_usages.pull_requests) as pull_requests,
        sum(all_usages.total_tokens) as total_tokens
    from all_usages
    inner join platforms
        on all_usages.platform_code = platforms.platform_code
    group by all_usages.month, all_usages.user_email

),

costs as (

    select
        all_costs.month,
        all_costs.user_email,
        sum(all_costs.effective_cost_usd) as effective_cost_usd
    from all_costs
    inner join platforms
        on all_costs.platform_code = platforms.platform_code
    group by all_costs.month, all_costs.user_email

),

tools as (

    select
        month,
        user_email,
        platform_code
    from all_usages

    union distinct

    select
        month,
        user_email,
        platform_code
    from all_costs

),

people as (

    select
        tools.month,
        tools.user_email,
        max(case when platforms.measures_sessions then 1 else 0 end) as has_sessions,
        max(case when platforms.measures_suggested_lines then 1 else 0 end)
            as has_suggested_lines,
        max(case when tools.platform_code = 'claude_code' then 1 else 0 end)
            as has_commits
    from tools
    inner join platforms
        on tools.platform_code = platforms.platform_code
    group by tools.month, tools.user_email

),

team_sizes as (

    select
        month,
        department,
        team,
        count(*) as team_size
    from roster
    where team is not null
    group by month, department, team

),

-- A person counts in the team of the month's last day.
measured as (

    select
        people.month,
        months.previous_month,
        months.is_complete_month,
        people.user_email,
        users.full_name,
        users.department,
        users.team,
        users.manager_email,
        {{ measured('usages.sessions', 'people.has_sessions = 1') }} as sessions,
        {{ measured('usages.lines_suggested', 'people.has_suggested_lines = 1') }}
            as lines_suggested,
        {{ measured(
            'usages.suggested_lines_accepted', 'people.has_suggested_lines = 1'
        ) }} as suggested_lines_accepted,
        coalesce(usages.lines_accepted, 0) as lines_accepted,
        {{ measured('usages.commits', 'people.has_commits = 1') }} as commits,
        {{ measured('usages.pull_requests', 'people.has_commits = 1') }}
            as pull_requests,
        coalesce(usages.total_tokens, 0) as total_tokens,
        coalesce(costs.effective_cost_usd, 0) as allocated_cost,
        active_days.user_type,
        coalesce(active_days.engineering_days, 0) as active_days,
        {{ ratio('usages.suggested_lines_accepted', 'usages.lines_suggested') }}
            as acceptance_rate,
        {{ ratio('usages.lines_in_sessions', 'usages.sessions') }}
            as productivity_score,
        {{ ratio(
            'coalesce(active_days.engineering_weekdays, 0)', 'months.elapsed_weekdays'
        ) }} as engagement_rate,
        {{ ratio('costs.effective_cost_usd', 'usages.lines_accepted') }}
            as cost_per_accepted_line,
        -- Only people in a team are compared with one.
        people.user_email != {{ unattributed() }}
        and users.team is not null as is_ranked
    from people
    inner join months
        on people.month = months.month
    inner join users
        on
            people.user_email = users.user_email
            and months.last_elapsed_day >= users.valid_from
            and months.last_elapsed_day < users.valid_to
    left join usages
        on
            people.month = usages.month
            and people.user_email = usages.user_email
    left join costs
        on
            people.month = costs.month
            and people.user_email = costs.user_email
    left join active_days
        on
            people.month = active_days.month
            and people.user_email = active_days.user_email

),

-- What can be compared; null if there is too little of it.
compared as (

    select
        *,
        case when is_ranked then productivity_score end as ranked_productivity,
        case when is_ranked then acceptance_rate end as ranked_acceptance,
        case when is_ranked then cost_per_accepted_line end
            as ranked_cost_per_accepted_line
    from measured

),

in_teams as (

    select
        *,
        sum(allocated_cost) over (partition by month, department, team)
            as team_allocated_cost,
        sum(lines_accepted) over (partition by month, department, team)
            as team_lines_accepted,
        sum(sessions) over (partition by month, department, team) as team_sessions,
        count(case when active_days > 0 then user_email end)
            over (partition by month, department, team)
            as team_active_users,
        {{ median_over('ranked_productivity', ['month', 'department', 'team']) }}
            as team_median_productivity,
        {{ median_over('ranked_acceptance', ['month', 'department', 'team']) }}
            as team_median_acceptance,
        {{ median_over(
            'ranked_cost_per_accepted_line', ['month', 'department', 'team']
        ) }} as team_median_cost_per_accepted_line,
        case
            when ranked_productivity is not null
                then
                    rank() over (
                        partition by month, department, team
                        order by ranked_productivity desc nulls last
                    )
        end as productivity_rank,
        case
            when ranked_acceptance is not null
                then
                    rank() over (
                        partition by month, department, team
                        order by ranked_acceptance desc nulls last
                    )
        end as acceptance_rank,
        case
            when ranked_cost_per_accepted_line is not null
                then
                    rank() over (
                        partition by month, department, team
                        order by ranked_cost_per_accepted_line asc nulls last
                    )
        end as cost_efficiency_rank
    from compared

),

described as (

    select
        in_teams.month,
        in_teams.is_complete_month,
        in_teams.user_email,
        in_teams.full_name,
        in_teams.department,
        in_teams.team,
        in_teams.manager_email,
        cast(in_teams.sessions as int64) as sessions,
        cast(in_teams.lines_suggested as int64) as lines_suggested,
        cast(in_teams.lines_accepted as int64) as lines_accepted,
        cast(in_teams.commits as int64) as commits,
        cast(in_teams.pull_requests as int64) as pull_requests,
        cast(in_teams.total_tokens as int64) as total_tokens,
        in_teams.acceptance_rate,
        in_teams.productivity_score,
        in_teams.user_type,
        in_teams.active_days,
        in_teams.engagement_rate,
        cast(in_teams.allocated_cost as {{ type_money() }}) as allocated_cost,
        coalesce(team_sizes.team_size, 0) as team_size,
        in_teams.team_active_users,
        cast(in_teams.team_allocated_cost as {{ type_money() }}) as team_allocated_cost,
        cast(in_teams.team_lines_accepted as int64) as team_lines_accepted,
        cast(in_teams.team_sessions as int64) as team_sessions,
        in_teams.team_median_productivity,
        in_teams.team_median_acceptance,
        in_teams.team_median_cost_per_accepted_line,
        in_teams.productivity_rank,
        in_teams.acceptance_rank,
        in_teams.cost_efficiency_rank,
        case
            when
                in_teams.ranked_productivity is null
                or in_teams.active_days
                < {{ var('performance_tier_minimum_active_days') }}
                then null
            when in_teams.productivity_score >= 1.2 * in_teams.team_median_productivity
                then 'Top Performer'
            when in_teams.productivity_score >= in_teams.team_median_productivity
                then 'Above Average'
            when in_teams.productivity_score >= 0.8 * in_teams.team_median_productivity
                then 'Below Average'
            else 'Needs Support'
        end as performance_tier,
        in_teams.cost_per_accepted_line,
        in_teams.productivity_score as lines_per_session,
        {{ ratio('in_teams.lines_accepted', 'in_teams.active_days') }}
            as lines_per_active_day,
        previous.productivity_score as prev_month_productivity,
        {{ growth('in_teams.productivity_score', 'previous.productivity_score') }}
            as productivity_growth_mom,
        cast(in_teams.suggested_lines_accepted as int64) as suggested_lines_accepted
    from in_teams
    left join team_sizes
        on
            in_teams.month = team_sizes.month
            and in_teams.team = team_sizes.team
            and coalesce(in_teams.department, '') = coalesce(team_sizes.department, '')
    left join measured as previous
        on
            in_teams.previous_month = previous.month
            and in_teams.user_email = previous.user_email

)

select * from described
