with records as (

    select * from {{ ref('base_product__daily_activities') }}

),

newest as (

    select *
    from records
    qualify load_id = max(load_id) over (partition by activity_date)

)

select * from newest
