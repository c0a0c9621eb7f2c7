{{ config(**replaced_by_day(
    'month',
    changes='int_changed_revops_days',
    cluster_by=['team_id'],
    period='month',
    reach=2
)) }}

-- GRAIN: one row per month and team with usage in the thirty days that end with the
-- month; in February two or one of them are January's
{% set months = changed_months(ref('int_changed_revops_days')) %}
{% set days = days_since(days_of_changed_months(ref('int_changed_revops_days')), 2) %}

with usages as (

    select * from {{ ref('fct_revops_usage_daily') }}
    where {{ in_days('usage_date', days) }}

),

months as (

    select distinct
        month_start_date as month,
        {{ next_first_day('month', 'month_start_date') }} as next_month
    from {{ ref('int_days') }}
    where
        {{ in_days('month_start_date', months) }}
        and month_start_date < {{ as_of_date() }}

),

summed as (

    select
        months.month,
        usages.team_id,
        cast(sum(usages.total_cost_usd) as {{ type_money() }}) as total_cost_usd
    from months
    inner join usages
        on
            months.next_month > usages.usage_date
            and months.next_month <= {{ add_days('usages.usage_date', 30) }}
    group by months.month, usages.team_id

)

select * from summed
