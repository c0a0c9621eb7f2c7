{{ config(materialized='table') }}

-- GRAIN: one row per month and person on the roster, as they were on its last day
with months as (

    select * from {{ ref('rollup_months') }}

),

people as (

    select * from {{ ref('int_people') }}

),

aliases as (

    select * from {{ ref('int_attribution_rules') }}
    where rule_type = 'alias'

),

-- Who is listed under an old address too counts once, as what they used does.
members as (

    select
        months.month,
        people.department,
        people.team,
        people.cost_center,
        people.ai_budget_monthly_usd,
        coalesce(aliases.user_email, people.email) as user_email
    from months
    inner join people
        on
            months.last_elapsed_day >= people.valid_from
            and months.last_elapsed_day < people.valid_to
    left join aliases
        on people.email = aliases.subject
    where
        people.on_roster_from <= months.last_elapsed_day
        and people.on_roster_to > months.month
    qualify row_number() over (
        partition by months.month, coalesce(aliases.user_email, people.email)
        order by aliases.subject is not null asc, people.email asc
    ) = 1

)

select * from members
