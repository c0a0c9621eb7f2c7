with opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

described as (

    select
        opportunity_id,
        coalesce(account_id, {{ unattributed() }}) as account_id,
        coalesce(subscription_id, {{ unattributed() }}) as subscription_id,
        opportunity_name,
        opportunity_type,
        opportunity_subtype,
        stage_name,
        close_date,
        amount_usd,
        license_count,
        true_up_number,
        true_up_number is not null
        or coalesce(opportunity_type = 'True-Up', false) as is_true_up,
        is_deleted
    from opportunities

)

select * from described
