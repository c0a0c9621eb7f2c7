{{ config(materialized='table') }}

with days as (

    {{ days_from_to(
        "date '2020-01-01'", "date '2035-12-31'", "date_day"
    ) }}

),

starts as (

    select
        date_day,
        {{ first_day_of('month', 'date_day') }} as month_start_date,
        {{ first_day_of('quarter', 'date_day') }} as quarter_start_date,
        {{ first_day_of('year', 'date_day') }} as year_start_date
    from days

)

select * from starts
