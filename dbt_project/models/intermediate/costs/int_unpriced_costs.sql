{{ config(**replaced_by_day(
    'cost_date', changes='int_changed_windows', cluster_by=['organization']
)) }}

-- GRAIN: one row per day, organization, source and currency
{% set days = changed_days(ref('int_changed_windows')) %}

with costs as (

    select * from {{ ref('int_costs') }}
    where
        {{ in_days('cost_date', days) }}
        and billing_currency != 'USD'

),

rates as (

    select * from {{ ref('stg_exchange_rates') }}

),

unpriced as (

    select
        costs.cost_date,
        costs.organization,
        costs.source,
        costs.billing_currency as currency,
        cast(sum(costs.billed_cost_in_currency) as {{ type_money() }}) as amount
    from costs
    left join rates
        on {{ rate_of_day('costs.billing_currency', 'costs.cost_date') }}
    where
        rates.currency is null
        -- Some vendors say the rate themselves.
        and costs.billed_cost_usd = 0
        and costs.billed_cost_in_currency != 0
    group by all

)

select * from unpriced
