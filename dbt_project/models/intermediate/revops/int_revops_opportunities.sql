-- A true-up has a number, or a type that says so.
with opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

described as (

    select
        *,
        true_up_number is not null
        or coalesce(opportunity_type = 'True-Up', false) as is_true_up
    from opportunities

)

select * from described
