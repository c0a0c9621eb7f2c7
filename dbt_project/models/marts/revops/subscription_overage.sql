-- GRAIN: one row per month and subscription with usage or with an overage invoice whose
-- period begins in it
with invoices as (

    select
        coalesce(subscription_id, {{ unattributed() }}) as subscription_id,
        {{ first_day_of('month', 'period_start') }} as month,
        period_start,
        coalesce(period_end, last_day(period_start)) as period_end,
        amount_usd
    from {{ ref('stg_salesforce__subscription_overages') }}
    where not is_deleted

),

-- Two invoices for the same days are held against these days once.
periods as (

    select
        subscription_id,
        month,
        period_start,
        period_end,
        sum(amount_usd) as invoiced_usd
    from invoices
    group by subscription_id, month, period_start, period_end

),

daily_usages as (

    select
        usage_date,
        subscription_id,
        total_cost_usd
    from {{ ref('model_usage_daily_sfdc') }}

),

period_usages as (

    select
        periods.subscription_id,
        periods.month,
        sum(daily_usages.total_cost_usd) as used_usd
    from periods
    inner join daily_usages
        on
            periods.subscription_id = daily_usages.subscription_id
            and periods.period_start <= daily_usages.usage_date
            and periods.period_end >= daily_usages.usage_date
    group by periods.subscription_id, periods.month

),

overages as (

    select
        month,
        subscription_id,
        max(period_end) as invoiced_through,
        cast(sum(invoiced_usd) as {{ type_money() }}) as invoiced_usd
    from periods
    group by month, subscription_id

),

monthly_usages as (

    select
        {{ first_day_of('month', 'usage_date') }} as month,
        subscription_id,
        cast(sum(total_cost_usd) as {{ type_money() }}) as used_usd
    from daily_usages
    group by {{ first_day_of('month', 'usage_date') }}, subscription_id

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
    from monthly_usages

),

-- A quarter's invoice stands in its first month, and covers the two that follow.
covered as (

    select distinct
        keys.month,
        keys.subscription_id
    from keys
    inner join overages
        on
            keys.subscription_id = overages.subscription_id
            and keys.month > overages.month
            and keys.month <= overages.invoiced_through

),

compared as (

    select
        keys.month,
        {{ is_complete_month('keys.month') }} as is_complete_month,
        keys.subscription_id,
        coalesce(subscriptions.subscription_name, keys.subscription_id)
            as subscription_name,
        coalesce(subscriptions.account_id, {{ unattributed() }}) as account_id,
        cast(coalesce(monthly_usages.used_usd, 0) as {{ type_money() }}) as used_usd,
        overages.invoiced_through,
        overages.invoiced_usd,
        case
            when overages.invoiced_usd is not null
                then cast(coalesce(period_usages.used_usd, 0) as {{ type_money() }})
        end as used_in_period_usd,
        cast(
            overages.invoiced_usd - coalesce(period_usages.used_usd, 0)
            as {{ type_money() }}
        ) as difference_usd,
        covered.month is not null as is_covered
    from keys
    left join overages
        on
            keys.month = overages.month
            and keys.subscription_id = overages.subscription_id
    left join period_usages
        on
            keys.month = period_usages.month
            and keys.subscription_id = period_usages.subscription_id
    left join monthly_usages
        on
            keys.month = monthly_usages.month
            and keys.subscription_id = monthly_usages.subscription_id
    left join covered
        on
            keys.month = covered.month
            and keys.subscription_id = covered.subscription_id
    left join subscriptions
        on keys.subscription_id = subscriptions.subscription_id

),

judged as (

    select
        month,
        is_complete_month,
        subscription_id,
        subscription_name,
        account_id,
        used_usd,
        invoiced_through,
        invoiced_usd,
        used_in_period_usd,
        difference_usd,
        case
            when invoiced_usd is null and is_covered then 'covered_by_earlier_invoice'
            when invoiced_usd is null then 'not_invoiced'
            when abs(difference_usd) <= {{ var('revops_overage_tolerance_usd') }}
                then 'matched'
            when difference_usd > 0 then 'invoiced_too_much'
            else 'invoiced_too_little'
        end as overage_status
    from compared

)

select * from judged
