{{ config(materialized='table') }}

-- GRAIN: one row per month and person on the roster, as they were on its last day
with months as (

    select * from {{ ref('rollup_months') }}

),

people as (

    select * from {{ ref('int_people') }}

),

members as (

    select
        months.month,
        people.email as user_email,
        people.department,
        people.team,
        people.cost_center,
        people.ai_budget_monthly_usd
    from months
    inner join people
        on
            months.last_elapsed_day >= people.valid_from
            and months.last_elapsed_day < people.valid_to
    where
        people.on_roster_from <= months.last_elapsed_day
        and people.on_roster_to > months.month

)

select * from members
