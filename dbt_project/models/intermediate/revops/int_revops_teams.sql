-- The teams that the product lists; one without a name goes by its id.
with teams as (

    select * from {{ ref('stg_product__teams') }}

),

named as (

    select
        team_id,
        membership_type,
        seats,
        recorded_subscription_id,
        is_enterprise,
        coalesce(team_name, team_id) as team_name
    from teams

)

select * from named
