{{ config(materialized='table') }}

-- GRAIN: one row per scope with a cost in the last eight weeks, with what the rest of
-- the running month, quarter and year will cost
-- Each remaining day is expected to cost what its weekday cost: on average, and for the
-- low and high forecasts, in the cheaper and the more expensive quarter. In cents,
-- because these are estimates.
{% set periods = {'month': '', 'quarter': 'quarter_', 'year': 'year_'} %}

with scope_days as (

    select * from {{ ref('rollup_scope_days') }}

),

days as (

    select * from {{ ref('int_days') }}

),

weekdays as (

    select distinct
        scope_type,
        scope,
        iso_weekday,
        {{ ratio(
            'sum(effective_cost_usd) over (partition by scope_type, scope, iso_weekday)',
            'count(*) over (partition by scope_type, scope, iso_weekday)'
        ) }} as mean_usd,
        {{ quantile_over(
            'effective_cost_usd', 0.25, ['scope_type', 'scope', 'iso_weekday']
        ) }} as low_usd,
        {{ quantile_over(
            'effective_cost_usd', 0.75, ['scope_type', 'scope', 'iso_weekday']
        ) }} as high_usd
    from scope_days

),

scopes as (

    select distinct
        scope_type,
        scope
    from scope_days

),

days_to_come as (

    select
        {{ iso_weekday('date_day') }} as iso_weekday,
        month_start_date = {{ first_day_of('month', as_of_date()) }} as is_in_month,
        quarter_start_date = {{ first_day_of('quarter', as_of_date()) }}
            as is_in_quarter,
        year_start_date = {{ first_day_of('year', as_of_date()) }} as is_in_year
    from days
    where date_day >= {{ as_of_date() }}

),

counted as (

    select
        iso_weekday,
        count(case when is_in_month then 1 end) as month_days,
        count(case when is_in_quarter then 1 end) as quarter_days,
        count(case when is_in_year then 1 end) as year_days
    from days_to_come
    group by iso_weekday

),

-- A weekday that a new scope has not had yet counts as nothing.
estimated as (

    select
        scopes.scope_type,
        scopes.scope,
    {% for period in periods %}
        sum(weekdays.mean_usd * counted.{{ period }}_days) as {{ period }}_mean_usd,
        sum(weekdays.low_usd * counted.{{ period }}_days) as {{ period }}_low_usd,
        sum(weekdays.high_usd * counted.{{ period }}_days) as {{ period }}_high_usd
        {{- "," if not loop.last }}
    {% endfor %}
    from scopes
    left join weekdays
        on
            scopes.scope_type = weekdays.scope_type
            and scopes.scope = weekdays.scope
    left join counted
        on weekdays.iso_weekday = counted.iso_weekday
    group by scopes.scope_type, scopes.scope

),

rounded as (

    select
        scope_type,
        scope,
        {{ first_day_of('month', as_of_date()) }} as month,
    {% for period, prefix in periods.items() %}
        cast(
            round(coalesce({{ period }}_mean_usd, 0), 2) as {{ type_money() }}
        ) as {{ prefix }}to_come_usd,
        cast(
            round(coalesce(least({{ period }}_low_usd, {{ period }}_mean_usd), 0), 2)
            as {{ type_money() }}
        ) as {{ prefix }}to_come_low_usd,
        cast(
            round(
                coalesce(greatest({{ period }}_high_usd, {{ period }}_mean_usd), 0),
                2
            ) as {{ type_money() }}
        ) as {{ prefix }}to_come_high_usd
        {{- "," if not loop.last }}
    {% endfor %}
    from estimated

)

select * from rounded
