-- Each team of the product has one subscription in force, or is shown as having none.
with teams as (

    select team_id from {{ ref('stg_product__teams') }}

),

in_force as (

    select
        team_id,
        count(*) as links
    from {{ ref('bridge_team_subscriptions') }}
    where is_in_force
    group by team_id

),

wrong as (

    select
        teams.team_id,
        coalesce(in_force.links, 0) as links
    from teams
    left join in_force
        on teams.team_id = in_force.team_id
    where coalesce(in_force.links, 0) != 1

)

select * from wrong
