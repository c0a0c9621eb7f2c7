{{ config(materialized='table') }}

-- GRAIN: one row, for the newest month with any usage or cost
-- What is over and what is to come stand apart, so that a forecast can be taken apart.
with months as (

    select * from {{ ref('rollup_months') }}

),

costs as (

    select
        month,
        effective_cost_usd,
        {{ first_day_of('year', 'month') }} as year_start_date
    from {{ ref('rollup_costs_by_month') }}

),

forecasts as (

    select * from {{ ref('rollup_scope_forecasts') }}
    where scope_type = 'company'

),

newest as (

    select
        month,
        quarter_start_date,
        {{ first_day_of('year', 'month') }} as year_start_date
    from months
    qualify month = max(month) over ()

),

spent as (

    select
        newest.month,
        newest.quarter_start_date,
        newest.year_start_date,
        sum(
            case
                when costs.month >= newest.quarter_start_date
                    then costs.effective_cost_usd
                else 0
            end
        ) as quarter_usd,
        sum(coalesce(costs.effective_cost_usd, 0)) as year_usd
    from newest
    left join costs
        on newest.year_start_date = costs.year_start_date
    group by newest.month, newest.quarter_start_date, newest.year_start_date

),

-- Of a quarter or year that is over, nothing is to come: forecasts are of running ones.
joined as (

    select
        spent.month,
        spent.quarter_usd,
        spent.year_usd,
        running_quarter.quarter_to_come_usd,
        running_quarter.quarter_to_come_low_usd,
        running_quarter.quarter_to_come_high_usd,
        running_year.year_to_come_usd,
        running_year.year_to_come_low_usd,
        running_year.year_to_come_high_usd
    from spent
    left join forecasts as running_quarter
        on
            spent.quarter_start_date
            = {{ first_day_of('quarter', 'running_quarter.month') }}
    left join forecasts as running_year
        on spent.year_start_date = {{ first_day_of('year', 'running_year.month') }}

),

summed as (

    select
        month,
        cast(quarter_usd as {{ type_money() }}) as quarter_cost_so_far,
        cast(quarter_usd + coalesce(quarter_to_come_usd, 0) as {{ type_money() }})
            as forecast_quarter_cost,
        cast(quarter_usd + coalesce(quarter_to_come_low_usd, 0) as {{ type_money() }})
            as forecast_quarter_cost_low,
        cast(quarter_usd + coalesce(quarter_to_come_high_usd, 0) as {{ type_money() }})
            as forecast_quarter_cost_high,
        cast(year_usd as {{ type_money() }}) as year_cost_so_far,
        cast(year_usd + coalesce(year_to_come_usd, 0) as {{ type_money() }})
            as forecast_year_cost,
        cast(year_usd + coalesce(year_to_come_low_usd, 0) as {{ type_money() }})
            as forecast_year_cost_low,
        cast(year_usd + coalesce(year_to_come_high_usd, 0) as {{ type_money() }})
            as forecast_year_cost_high
    from joined

)

select * from summed
