-- All tools of a person together, beside the median of the team.
{% set smallest = var('smallest_group_shown') %}
{% set team = ['month', 'department', 'team'] %}

with months as (

    select * from {{ ref('rollup_months') }}

),

costs as (

    select * from {{ ref('rollup_costs_by_month') }}

),

usages as (

    select * from {{ ref('rollup_usages_by_month') }}

),

active_days as (

    select * from {{ ref('rollup_active_days_by_month') }}

),

users as (

    select * from {{ ref('dim_users') }}

),

tools as (

    select
        month,
        user_email,
        platform_code
    from costs

    union distinct

    select
        month,
        user_email,
        platform_code
    from usages

),

people as (

    select
        month,
        user_email,
        count(*) as tools
    from tools
    where user_email != {{ unattributed() }}
    group by month, user_email

),

spent as (

    select
        month,
        user_email,
        sum(effective_cost_usd) as effective_cost_usd
    from costs
    group by month, user_email

),

-- A person counts in the team of the month's last day.
described as (

    select
        people.month,
        months.is_complete_month,
        people.user_email,
        users.full_name,
        users.department,
        users.team,
        active_days.user_type,
        cast(people.tools as int64) as tools,
        cast(coalesce(active_days.active_days, 0) as int64) as active_days,
        cast(coalesce(spent.effective_cost_usd, 0) as {{ type_money() }})
            as effective_cost_usd
    from people
    inner join months
        on people.month = months.month
    inner join users
        on
            people.user_email = users.user_email
            and months.last_elapsed_day >= users.valid_from
            and months.last_elapsed_day < users.valid_to
    left join active_days
        on
            people.month = active_days.month
            and people.user_email = active_days.user_email
    left join spent
        on
            people.month = spent.month
            and people.user_email = spent.user_email

),

compared as (

    select
        *,
        case when team is not null then 1 end
        * count(*) over (partition by {{ team | join(', ') }}) as team_people,
        {{ median_over('effective_cost_usd', team) }} as median_cost_usd,
        {{ median_over('active_days', team) }} as median_active_days
    from described

),

-- The median of few people would say what one of them costs.
shown as (

    select
        month,
        is_complete_month,
        user_email,
        full_name,
        department,
        team,
        user_type,
        tools,
        active_days,
        effective_cost_usd,
        cast(team_people as int64) as team_people,
        case when team_people >= {{ smallest }} then median_cost_usd end
            as team_median_cost_usd,
        case when team_people >= {{ smallest }} then median_active_days end
            as team_median_active_days
    from compared

)

select * from shown
