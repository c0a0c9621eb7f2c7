-- GRAIN: one row per scope type and scope whose budget is at risk
-- The month is that of the last complete day, so on the first of a month it is the
-- month that just ended.
{% set kinds = ['company', 'department', 'cost_center', 'team', 'user'] %}

with budgets as (

    select * from {{ ref('fct_budget_monthly') }}
    where
        month = {{ first_day_of('month', days_before_run(1)) }}
        and budget_status in ('Over Budget', 'Projected Over Budget')

),

ranked as (

    select
        *,
        case scope_type
            {%- for kind in kinds %}
                when '{{ kind }}' then {{ loop.index }}
            {%- endfor %}
        end as kind_rank
    from budgets

),

at_risk as (

    select
        {{ as_of_date() }} as as_of_date,
        month,
        scope_type,
        scope,
        budget_status,
        budget_usd,
        actual_cost_usd,
        projected_cost_usd,
        kind_rank = min(kind_rank) over () as is_of_broadest_kind
    from ranked

)

select * from at_risk
