-- A subscription is active from its first day to its last, both included.
with subscriptions as (

    select * from {{ ref('stg_salesforce__subscriptions') }}

),

described as (

    select
        *,
        not is_deleted
        and coalesce(start_date, {{ beginning_of_time() }}) <= {{ as_of_date() }}
        and coalesce(end_date, {{ end_of_time() }}) >= {{ as_of_date() }} as is_active
    from subscriptions

)

select * from described
