-- GRAIN: one row per department or person that is among the top movers of the week
{% set shown = {'department': 3, 'user': 5} %}

with costs as (

    select * from {{ ref('fct_cost_daily') }}
    where
        cost_date >= {{ days_before_run(14) }}
        and cost_date < {{ as_of_date() }}

),

by_week as (

    select
        department,
        user_email,
        case
            when cost_date >= {{ days_before_run(7) }} then effective_cost_usd else 0
        end as week_usd,
        case
            when cost_date < {{ days_before_run(7) }} then effective_cost_usd else 0
        end as week_before_usd
    from costs

),

scoped as (

    select
        'department' as scope_type,
        department as scope,
        week_usd,
        week_before_usd
    from by_week

    union all

    select
        'user' as scope_type,
        user_email as scope,
        week_usd,
        week_before_usd
    from by_week

),

summed as (

    select
        scope_type,
        scope,
        cast(sum(week_usd) as {{ type_money() }}) as week_usd,
        cast(sum(week_before_usd) as {{ type_money() }}) as week_before_usd,
        cast(sum(week_usd - week_before_usd) as {{ type_money() }}) as change_usd
    from scoped
    group by scope_type, scope

),

ranked as (

    select
        *,
        row_number() over (
            partition by scope_type order by abs(change_usd) desc, scope asc nulls last
        ) as change_rank
    from summed

),

-- A change of less than a cent does not count.
moved as (

    select
        {{ as_of_date() }} as as_of_date,
        scope_type,
        change_rank,
        scope,
        week_usd,
        week_before_usd,
        change_usd
    from ranked
    where
        change_rank <= case scope_type
            {%- for scope_type, most in shown.items() %}
                when '{{ scope_type }}' then {{ most }}
            {%- endfor %}
        end
        and abs(change_usd) > {{ text_to_usd("'0.005'") }}

)

select * from moved
