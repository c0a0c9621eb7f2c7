with opportunities as (

    select * from {{ ref('int_revops_opportunities') }}

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
        is_true_up,
        is_deleted
    from opportunities

)

select * from described
