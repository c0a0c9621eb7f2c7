with subscriptions as (

    select * from {{ ref('int_revops_subscriptions') }}

),

described as (

    select
        subscription_id,
        coalesce(account_id, {{ unattributed() }}) as account_id,
        coalesce(subscription_name, subscription_id) as subscription_name,
        licensed_seats,
        included_usd_per_month,
        open_renewal_id,
        start_date,
        end_date,
        is_active,
        is_deleted
    from subscriptions

),

unattributed as (

    select
        {{ unattributed() }} as subscription_id,
        {{ unattributed() }} as account_id,
        {{ unattributed() }} as subscription_name,
        cast(null as int64) as licensed_seats,
        cast(null as {{ type_money() }}) as included_usd_per_month,
        cast(null as {{ dbt.type_string() }}) as open_renewal_id,
        cast(null as date) as start_date,
        cast(null as date) as end_date,
        false as is_active,
        false as is_deleted

),

members as (

    select * from described

    union all

    select * from unattributed

)

select * from members
