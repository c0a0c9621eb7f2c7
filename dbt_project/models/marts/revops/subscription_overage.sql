-- GRAIN: one row per month and subscription with usage or an overage invoice
with invoices as (

    select
        {{ first_day_of('month', 'period_start') }} as month,
        coalesce(subscription_id, {{ unattributed() }}) as subscription_id,
        amount_usd
    from {{ ref('stg_salesforce__subscription_overages') }}
    where not is_deleted

),

overages as (

    select
        month,
        subscription_id,
        cast(sum(amount_usd) as {{ type_money() }}) as invoiced_usd
    from invoices
    group by month, subscription_id

),

usages as (

    select
        month,
        subscription_id,
        cast(sum(total_cost_usd) as {{ type_money() }}) as used_usd
    from {{ ref('model_usage_monthly_sfdc') }}
    group by month, subscription_id

),

subscriptions as (

    select * from {{ ref('dim_subscriptions') }}

),

keys as (

    select
        month,
        subscription_id
    from overages

    union distinct

    select
        month,
        subscription_id
    from usages

),

compared as (

    select
        keys.month,
        {{ is_complete_month('keys.month') }} as is_complete_month,
        keys.subscription_id,
        coalesce(subscriptions.subscription_name, keys.subscription_id)
            as subscription_name,
        coalesce(subscriptions.account_id, {{ unattributed() }}) as account_id,
        overages.invoiced_usd,
        cast(coalesce(usages.used_usd, 0) as {{ type_money() }}) as used_usd,
        cast(
            overages.invoiced_usd - coalesce(usages.used_usd, 0) as {{ type_money() }}
        ) as difference_usd
    from keys
    left join overages
        on
            keys.month = overages.month
            and keys.subscription_id = overages.subscription_id
    left join usages
        on
            keys.month = usages.month
            and keys.subscription_id = usages.subscription_id
    left join subscriptions
        on keys.subscription_id = subscriptions.subscription_id

),

judged as (

    select
        *,
        case
            when invoiced_usd is null then 'not_invoiced'
            when abs(difference_usd) <= {{ var('revops_overage_tolerance_usd') }}
                then 'matched'
            when difference_usd > 0 then 'invoiced_too_much'
            else 'invoiced_too_little'
        end as overage_status
    from compared

)

select * from judged
