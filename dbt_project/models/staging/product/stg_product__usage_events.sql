with records as (

    select * from {{ ref('base_product__usage_events') }}

),

-- The day of an event never changes, so a run that asks for some days reads no others.
newest as (

    select *
    from records
    qualify row_number() over (
        partition by usage_date, event_id order by load_id desc
    ) = 1

)

select * from newest
