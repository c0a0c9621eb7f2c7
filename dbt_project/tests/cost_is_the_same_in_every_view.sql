-- For every month, effective cost is the same in everything that finance looks at, to
-- the last digit. The fact is compared for the months that the last build replaced.
-- FOCUS is compared with the facts day by day (focus_sums_to_the_facts).
{{ config(store_failures=true) }}

{% set since = tested_since('rollup_costs_by_month')[:13] ~ "-01'" %}

with costs as (

    select
        {{ first_day_of('month', 'cost_date') }} as month,
        sum(effective_cost_usd) as cost_usd
    from {{ ref('fct_cost_daily') }}
    where cost_date >= {{ since }}
    group by {{ first_day_of('month', 'cost_date') }}

),

months as (

    select
        month,
        sum(effective_cost_usd) as cost_usd
    from {{ ref('rollup_costs_by_month') }}
    group by month

),

stated as (

    select
        'fct_cost_daily' as stated_in,
        month,
        cost_usd
    from costs

    union all

    select
        'vw_executive_dashboard' as stated_in,
        month,
        total_monthly_cost as cost_usd
    from {{ ref('vw_executive_dashboard') }}

    union all

    select
        'vw_executive_dashboard_by_platform' as stated_in,
        month,
        sum(platform_cost) as cost_usd
    from {{ ref('vw_executive_dashboard_by_platform') }}
    group by month

    union all

    select
        'vw_cost_allocation_detailed' as stated_in,
        month,
        sum(total_cost) as cost_usd
    from {{ ref('vw_cost_allocation_detailed') }}
    group by month

    union all

    select
        'vw_unified_roi_analysis' as stated_in,
        month,
        sum(total_cost) as cost_usd
    from {{ ref('vw_unified_roi_analysis') }}
    group by month

),

marts as (

    select distinct stated_in from stated

),

-- Every view has every month.
expected as (

    select
        marts.stated_in,
        months.month,
        months.cost_usd
    from months
    cross join marts
    where
        marts.stated_in != 'fct_cost_daily'
        or months.month >= {{ since }}

),

different as (

    select
        stated.cost_usd as stated_usd,
        expected.cost_usd as by_month_usd,
        coalesce(expected.month, stated.month) as month,
        coalesce(expected.stated_in, stated.stated_in) as stated_in
    from expected
    full outer join stated
        on
            expected.month = stated.month
            and expected.stated_in = stated.stated_in
    where coalesce(stated.cost_usd, 0) != coalesce(expected.cost_usd, 0)

)

select * from different
