-- The teams that the product lists; one without a name goes by its id.
with teams as (

    select * from {{ ref('stg_product__teams') }}

),

named as (

    select
        team_id,
        coalesce(team_name, team_id) as team_name,
        membership_type,
        coalesce(is_enterprise, false) as is_enterprise,
        seats,
        recorded_subscription_id
    from teams

)

select * from named
