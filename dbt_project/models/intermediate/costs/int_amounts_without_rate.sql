-- GRAIN: one row per day, organization, source and currency of costs, per invoice, and
-- per spend limit as last reported
with unpriced_costs as (

    select * from {{ ref('int_unpriced_costs') }}

),

invoices as (

    select * from {{ ref('int_invoices') }}
    where
        amount is not null
        and amount_usd is null
        and period_end is not null

),

spend_limits as (

    select * from {{ ref('stg_anthropic__spend_limits') }}
    where
        limit_in_currency is not null
        and limit_usd is null
        and snapshot_date >= {{ days_before_run(var('risk_days')) }}
    qualify snapshot_date = max(snapshot_date) over (partition by organization)

),

unioned as (

    select
        'cost' as kind,
        source,
        organization,
        cost_date as amount_date,
        currency,
        amount
    from unpriced_costs

    union all

    select
        'invoice' as kind,
        concat('invoices row ', sheet_row) as source,
        organization,
        period_end as amount_date,
        currency,
        amount
    from invoices

    union all

    select
        'spend limit' as kind,
        'spend_limits' as source,
        organization,
        snapshot_date as amount_date,
        currency,
        limit_in_currency as amount
    from spend_limits

)

select * from unioned
