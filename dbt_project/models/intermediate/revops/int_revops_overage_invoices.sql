-- An invoice without an end is for the rest of the month in which it begins.
with overages as (

    select * from {{ ref('stg_salesforce__subscription_overages') }}
    where not is_deleted

),

dated as (

    select
        coalesce(subscription_id, {{ unattributed() }}) as subscription_id,
        {{ first_day_of('month', 'period_start') }} as month,
        period_start,
        coalesce(period_end, last_day(period_start)) as period_end,
        amount_usd
    from overages

)

select * from dated
