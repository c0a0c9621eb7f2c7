{{ config(materialized='table') }}

-- GRAIN: one row per scope and day of the last eight weeks, since the scope's first
-- cost in them, including days without cost
{% set first_day = days_before_run(56) %}

with costs as (

    select * from {{ ref('fct_cost_daily') }}
    where
        cost_date >= {{ first_day }}
        and cost_date < {{ as_of_date() }}

),

days as (

    select * from {{ ref('int_days') }}
    where
        date_day >= {{ first_day }}
        and date_day < {{ as_of_date() }}

),

scoped as (

    select
        cost_date,
        'company' as scope_type,
        'company' as scope,
        effective_cost_usd
    from costs

    union all

    select
        cost_date,
        'department' as scope_type,
        department as scope,
        effective_cost_usd
    from costs

    union all

    select
        cost_date,
        'team' as scope_type,
        team as scope,
        effective_cost_usd
    from costs

    union all

    select
        cost_date,
        'cost_center' as scope_type,
        cost_center as scope,
        effective_cost_usd
    from costs

    union all

    select
        cost_date,
        'user' as scope_type,
        user_email as scope,
        effective_cost_usd
    from costs

),

summed as (

    select
        scope_type,
        scope,
        cost_date,
        sum(effective_cost_usd) as effective_cost_usd
    from scoped
    where scope is not null
    group by scope_type, scope, cost_date

),

-- Before its first cost a scope did not exist, rather than being cheap.
scopes as (

    select
        scope_type,
        scope,
        min(cost_date) as first_day
    from summed
    group by scope_type, scope

),

filled as (

    select
        scopes.scope_type,
        scopes.scope,
        days.date_day as cost_date,
        {{ iso_weekday('days.date_day') }} as iso_weekday,
        cast(coalesce(summed.effective_cost_usd, 0) as {{ type_money() }})
            as effective_cost_usd
    from scopes
    inner join days
        on scopes.first_day <= days.date_day
    left join summed
        on
            scopes.scope_type = summed.scope_type
            and scopes.scope = summed.scope
            and days.date_day = summed.cost_date

)

select * from filled
