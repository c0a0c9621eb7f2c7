-- A subscription is active from its first day to its last, both included.
with subscriptions as (

    select * from {{ ref('stg_salesforce__subscriptions') }}

),

described as (

    select
        subscription_id,
        account_id,
        open_renewal_id,
        subscription_name,
        licensed_seats,
        is_deleted,
        start_date,
        end_date,
        not is_deleted
        and coalesce(start_date, {{ beginning_of_time() }}) <= {{ as_of_date() }}
        and coalesce(end_date, {{ end_of_time() }}) >= {{ as_of_date() }} as is_active
    from subscriptions

)

select * from described
