{{ config(**replaced_by_month(
    'month', changes='int_changed_days', cluster_by=['platform_code', 'user_email']
)) }}

-- GRAIN: one row per month, invoice month, platform, organization, person, department,
-- team and cost center on the day, cost type, attribution method and confidence, and
-- whether it is estimated
-- INVARIANT: sums to fct_cost_daily, to the last digit
{% set days = days_of_changed_months(ref('int_changed_days')) %}

with costs as (

    select * from {{ ref('fct_cost_daily') }}
    where {{ in_days('cost_date', days) }}

),

dated as (

    select
        *,
        {{ first_day_of('month', 'cost_date') }} as month
    from costs

),

summed as (

    select
        month,
        invoice_month,
        vendor,
        platform_code,
        organization,
        user_email,
        department,
        team,
        cost_center,
        cost_type,
        attribution_method,
        attribution_confidence,
        is_attributed,
        is_estimated,
        cast(sum(list_cost_usd) as {{ type_money() }}) as list_cost_usd,
        cast(sum(billed_cost_usd) as {{ type_money() }}) as billed_cost_usd,
        cast(sum(effective_cost_usd) as {{ type_money() }}) as effective_cost_usd,
        -- Only uncertain amounts are rounded; a cost with full confidence counts
        -- exactly.
        cast(
            sum(
                case
                    when attribution_confidence = 1 then effective_cost_usd
                    else {{ weighted('effective_cost_usd', 'attribution_confidence') }}
                end
            )
            as {{ type_money() }}
        ) as confident_cost_usd
    from dated
    group by all

)

select * from summed
