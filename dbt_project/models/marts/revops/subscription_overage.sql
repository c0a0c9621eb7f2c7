-- GRAIN: one row per month and subscription with usage or with an overage invoice whose
-- period begins in it
with invoices as (

    select * from {{ ref('int_revops_overage_invoices') }}

),

overages as (

    select
        month,
        subscription_id,
        max(period_end) as invoiced_through,
        cast(sum(amount_usd) as {{ type_money() }}) as invoiced_usd
    from invoices
    group by month, subscription_id

),

daily_usages as (

    select
        usage_date,
        {{ first_day_of('month', 'usage_date') }} as month,
        subscription_id,
        sum(total_cost_usd) as used_usd
    from {{ ref('model_usage_daily_sfdc') }}
    group by usage_date, subscription_id

),

-- Several invoices of a month are held against their days together, and each day once.
invoiced_days as (

    select distinct
        invoices.month as invoice_month,
        daily_usages.subscription_id,
        daily_usages.usage_date,
        daily_usages.used_usd
    from daily_usages
    inner join invoices
        on
            daily_usages.subscription_id = invoices.subscription_id
            and daily_usages.usage_date >= invoices.period_start
            and daily_usages.usage_date <= invoices.period_end

),

period_usages as (

    select
        invoice_month as month,
        subscription_id,
        sum(used_usd) as used_usd
    from invoiced_days
    group by invoice_month, subscription_id

),

-- Days that the invoices of two months are for are paid twice.
overlapping_months as (

    select distinct
        invoices.month,
        invoices.subscription_id
    from invoices
    inner join invoices as other_invoices
        on
            invoices.subscription_id = other_invoices.subscription_id
            and invoices.month != other_invoices.month
            and invoices.period_start <= other_invoices.period_end
            and invoices.period_end >= other_invoices.period_start

),

-- A quarter's invoice stands in its first month, and is for days of two more.
covered_days as (

    select distinct
        subscription_id,
        usage_date
    from invoiced_days

),

marked_usages as (

    select
        daily_usages.month,
        daily_usages.subscription_id,
        daily_usages.used_usd,
        covered_days.usage_date is not null as is_invoiced
    from daily_usages
    left join covered_days
        on
            daily_usages.subscription_id = covered_days.subscription_id
            and daily_usages.usage_date = covered_days.usage_date

),

monthly_usages as (

    select
        month,
        subscription_id,
        sum(used_usd) as used_usd,
        sum(case when is_invoiced then 0 else used_usd end) as uninvoiced_usd,
        max(case when is_invoiced then 1 else 0 end) = 1 as has_invoiced_days,
        max(case when is_invoiced then 0 else 1 end) = 1 as has_uninvoiced_days
    from marked_usages
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
    from monthly_usages

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
        cast(coalesce(monthly_usages.uninvoiced_usd, 0) as {{ type_money() }})
            as uninvoiced_usd,
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
        overlapping_months.month is not null as is_overlapping,
        monthly_usages.has_invoiced_days,
        monthly_usages.has_uninvoiced_days
    from keys
    left join overages
        on
            keys.month = overages.month
            and keys.subscription_id = overages.subscription_id
    left join period_usages
        on
            keys.month = period_usages.month
            and keys.subscription_id = period_usages.subscription_id
    left join overlapping_months
        on
            keys.month = overlapping_months.month
            and keys.subscription_id = overlapping_months.subscription_id
    left join monthly_usages
        on
            keys.month = monthly_usages.month
            and keys.subscription_id = monthly_usages.subscription_id
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
        uninvoiced_usd,
        invoiced_through,
        invoiced_usd,
        used_in_period_usd,
        difference_usd,
        case
            when invoiced_usd is null and not has_invoiced_days then 'not_invoiced'
            when invoiced_usd is null and has_uninvoiced_days then 'partly_invoiced'
            when invoiced_usd is null then 'covered_by_earlier_invoice'
            when is_overlapping then 'overlapping_invoices'
            when invoiced_through >= {{ as_of_date() }} then 'period_running'
            when abs(difference_usd) <= {{ var('revops_overage_tolerance_usd') }}
                then 'matched'
            when difference_usd > 0 then 'invoiced_too_much'
            else 'invoiced_too_little'
        end as overage_status
    from compared

)

select * from judged
