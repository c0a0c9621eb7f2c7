-- GRAIN: one row per month and subscription with usage or with an overage invoice whose
-- period begins in it
with invoices as (

    select * from {{ ref('int_revops_overage_invoices') }}

),

subscriptions as (

    select
        *,
        coalesce(start_date, {{ beginning_of_time() }}) as term_from,
        coalesce({{ add_days('end_date', 1) }}, {{ end_of_time() }}) as term_to
    from {{ ref('dim_subscriptions') }}

),

-- Several invoices of a month are one, from the first day of them to the last.
overages as (

    select
        month,
        subscription_id,
        min(period_start) as invoiced_from,
        max(period_end) as invoiced_through,
        {{ add_days('max(period_end)', 1) }} as invoiced_to,
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
        covered_days.usage_date is not null as is_invoiced,
        daily_usages.usage_date >= subscriptions.term_from
        and daily_usages.usage_date < subscriptions.term_to as is_in_term
    from daily_usages
    left join subscriptions
        on daily_usages.subscription_id = subscriptions.subscription_id
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
        sum(case when is_in_term and not is_invoiced then used_usd else 0 end)
            as uninvoiced_in_term_usd,
        max(case when is_invoiced then 1 else 0 end) = 1 as has_invoiced_days,
        max(case when is_invoiced then 0 else 1 end) = 1 as has_uninvoiced_days
    from marked_usages
    group by month, subscription_id

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

-- What is compared are the days of the month's invoices; of a month without one those
-- that no invoice of another month is for. Outside its term nothing says what a
-- subscription includes.
invoice_terms as (

    select
        overages.month,
        overages.subscription_id,
        greatest(overages.invoiced_from, subscriptions.term_from) as included_from,
        least(overages.invoiced_to, subscriptions.term_to) as included_to
    from overages
    inner join subscriptions
        on overages.subscription_id = subscriptions.subscription_id
    where
        overages.invoiced_from < subscriptions.term_to
        and overages.invoiced_to > subscriptions.term_from

),

-- A month of a contract goes from its day to the same day of the next. What is left
-- after the last whole one is a part of the one that follows.
invoice_months as (

    select
        month,
        subscription_id,
        included_from,
        included_to,
        {{ whole_months_between('included_to', 'included_from') }} as whole_months
    from invoice_terms

),

invoice_parts as (

    select
        month,
        subscription_id,
        whole_months,
        {{ days_between(
            'included_to', add_months('included_from', 'whole_months')
        ) }} as days_left,
        {{ days_between(
            add_months('included_from', 'whole_months + 1'),
            add_months('included_from', 'whole_months')
        ) }} as days_in_month
    from invoice_months

),

month_terms as (

    select
        keys.month,
        keys.subscription_id,
        greatest(keys.month, subscriptions.term_from) as included_from,
        least({{ next_first_day('month', 'keys.month') }}, subscriptions.term_to)
            as included_to
    from keys
    inner join subscriptions
        on keys.subscription_id = subscriptions.subscription_id
    where
        subscriptions.term_from < {{ next_first_day('month', 'keys.month') }}
        and subscriptions.term_to > keys.month

),

-- Of invoices that begin earlier the longest counts, should they overlap.
month_parts as (

    select
        month_terms.month,
        month_terms.subscription_id,
        0 as whole_months,
        greatest(
            {{ days_between('month_terms.included_to', 'month_terms.included_from') }}
            - max(
                case
                    when overages.month is null then 0
                    else {{ days_between(
                        'least(overages.invoiced_to, month_terms.included_to)',
                        'greatest(overages.invoiced_from, month_terms.included_from)'
                    ) }}
                end
            ),
            0
        ) as days_left,
        {{ days_between(
            next_first_day('month', 'month_terms.month'), 'month_terms.month'
        ) }} as days_in_month
    from month_terms
    left join overages
        on
            month_terms.subscription_id = overages.subscription_id
            and month_terms.included_from < overages.invoiced_to
            and month_terms.included_to > overages.invoiced_from
    group by
        month_terms.month,
        month_terms.subscription_id,
        month_terms.included_from,
        month_terms.included_to

),

parts as (

    select * from invoice_parts

    union all

    select month_parts.*
    from month_parts
    left join overages
        on
            month_parts.month = overages.month
            and month_parts.subscription_id = overages.subscription_id
    where overages.month is null

),

included as (

    select
        parts.month,
        parts.subscription_id,
        cast(
            {{ nanos_to_usd(share_of_nanos(
                'subscriptions.included_usd_per_month',
                '(parts.whole_months * parts.days_in_month + parts.days_left)',
                'parts.days_in_month'
            )) }} as {{ type_money() }}
        ) as included_usd
    from parts
    inner join subscriptions
        on parts.subscription_id = subscriptions.subscription_id

),

joined as (

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
        included.included_usd,
        monthly_usages.uninvoiced_in_term_usd,
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
    left join included
        on
            keys.month = included.month
            and keys.subscription_id = included.subscription_id
    left join subscriptions
        on keys.subscription_id = subscriptions.subscription_id

),

-- Overage is what was used beyond what is included. An invoice says itself for which
-- days it is; of other months the days count on which the subscription ran.
measured as (

    select
        *,
        case
            when included_usd is not null
                then cast(
                    greatest(
                        coalesce(used_in_period_usd, uninvoiced_in_term_usd)
                        - included_usd,
                        0
                    ) as {{ type_money() }}
                )
        end as overage_usd
    from joined

),

compared as (

    select
        *,
        cast(invoiced_usd - overage_usd as {{ type_money() }}) as difference_usd
    from measured

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
        included_usd,
        overage_usd,
        difference_usd,
        case
            when invoiced_usd is null and not has_uninvoiced_days
                then 'covered_by_earlier_invoice'
            when is_overlapping then 'overlapping_invoices'
            when overage_usd is null then 'included_not_known'
            when coalesce(invoiced_through, last_day(month)) >= {{ as_of_date() }}
                then 'period_running'
            when
                invoiced_usd is null
                and overage_usd <= {{ var('revops_overage_tolerance_usd') }}
                then 'within_included'
            when invoiced_usd is null and has_invoiced_days then 'partly_invoiced'
            when invoiced_usd is null then 'not_invoiced'
            when abs(difference_usd) <= {{ var('revops_overage_tolerance_usd') }}
                then 'matched'
            when difference_usd > 0 then 'invoiced_too_much'
            else 'invoiced_too_little'
        end as overage_status
    from compared

)

select * from judged
