-- A true-up has a number, or a type that says so.
with opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

described as (

    select
        opportunity_id,
        account_id,
        subscription_id,
        opportunity_name,
        opportunity_type,
        opportunity_subtype,
        stage_name,
        true_up_number,
        license_count,
        amount_usd,
        is_deleted,
        close_date,
        true_up_number is not null
        or coalesce(opportunity_type = 'True-Up', false) as is_true_up
    from opportunities

)

select * from described
