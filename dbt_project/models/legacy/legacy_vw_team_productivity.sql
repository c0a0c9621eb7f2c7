with people as (

    select * from {{ ref('vw_team_productivity') }}

),

renamed as (

    select
        people.month,
        people.department,
        people.team,
        people.user_email,
        people.full_name,
        people.sessions as monthly_sessions,
        people.lines_accepted as monthly_lines_produced,
        people.total_tokens as monthly_tokens,
        {{ to_float('people.acceptance_rate') }} as avg_acceptance_rate,
        {{ to_float('people.productivity_score') }} as avg_productivity_score,
        people.active_days,
        {{ to_float('people.engagement_rate') }} as engagement_rate,
        {{ to_float('people.allocated_cost') }} as monthly_allocated_cost,
        people.team_active_users as team_size,
        people.team_lines_accepted as team_total_lines,
        {{ to_float('people.team_allocated_cost') }} as team_total_cost,
        people.productivity_rank,
        people.acceptance_rank,
        people.cost_efficiency_rank,
        people.performance_tier,
        {{ to_float('people.cost_per_accepted_line') }} as cost_per_line,
        {{ to_float('people.lines_per_session') }} as lines_per_session,
        previous.lines_accepted as prev_month_productivity,
        {{ to_float(growth('people.lines_accepted', 'previous.lines_accepted')) }}
            as productivity_growth_mom
    from people
    left join people as previous
        on
            people.user_email = previous.user_email
            and {{ add_months('people.month', -1) }} = previous.month

)

select * from renamed
