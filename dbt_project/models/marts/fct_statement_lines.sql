-- GRAIN: one row per month, vendor, platform, cost center, person, kind of line,
-- attribution method and confidence, and whether it is estimated
-- INVARIANT: the cents of a month and vendor sum to its exact total, rounded
{% set keys = [
    'month', 'vendor', 'platform_code', 'cost_center', 'user_email', 'line_type',
    'attribution_method', 'attribution_confidence', 'is_estimated',
] %}

with costs as (

    select * from {{ ref('rollup_costs_by_month') }}

),

bills as (

    select * from {{ ref('rollup_invoiceable_days') }}

),

reconciliations as (

    select * from {{ ref('fct_cost_reconciliation') }}

),

estimated_seats as (

    select
        month,
        platform_code
    from bills
    where estimated_seats_usd != 0
    group by month, platform_code

),

charges as (

    select
        costs.invoice_month as month,
        costs.vendor,
        costs.platform_code,
        coalesce(costs.cost_center, {{ unattributed() }}) as cost_center,
        costs.user_email,
        case
            when costs.cost_type = 'correction' then 'correction'
            when costs.month < costs.invoice_month then 'correction'
            else 'charge'
        end as line_type,
        costs.attribution_method,
        costs.attribution_confidence,
        costs.is_estimated
        or (
            costs.cost_type = 'subscription'
            and estimated_seats.month is not null
        ) as is_estimated,
        costs.billed_cost_usd
    from costs
    left join estimated_seats
        on
            costs.invoice_month = estimated_seats.month
            and costs.platform_code = estimated_seats.platform_code

),

-- What an invoice asks beyond the cost that it covers is nobody's charge.
invoice_differences as (

    select
        month,
        vendor,
        platform_code,
        {{ unattributed() }} as cost_center,
        {{ unattributed() }} as user_email,
        'invoice_difference' as line_type,
        {{ unattributed() }} as attribution_method,
        cast(0 as {{ type_number() }}) as attribution_confidence,
        false as is_estimated,
        invoice_difference_usd as billed_cost_usd
    from reconciliations
    where invoice_difference_usd != 0

),

unioned as (

    select * from charges

    union all

    select * from invoice_differences

),

summed as (

    select
        {{ keys | join(',\n        ') }},
        sum(billed_cost_usd) as billed_cost_usd
    from unioned
    group by {{ keys | join(', ') }}

),

-- Rounded down; on both engines `round` goes to the nearest cent.
cut as (

    select
        *,
        round(billed_cost_usd, 2)
        - case
            when round(billed_cost_usd, 2) > billed_cost_usd
                then {{ nanos_to_usd(10000000) }}
            else 0
        end as cut_usd
    from summed
    where billed_cost_usd != 0

),

-- How many cents of the total are left over, and who is next to get one: the line that
-- lost most.
ranked as (

    select
        *,
        round(sum(billed_cost_usd) over (partition by month, vendor), 2)
        - sum(cut_usd) over (partition by month, vendor) as left_over_usd,
        row_number() over (
            partition by month, vendor
            order by billed_cost_usd - cut_usd desc, {{ keys[2:] | join(' asc, ') }} asc
        ) as cent_rank
    from cut

),

rounded as (

    select
        {{ keys | join(',\n        ') }},
        cast(
            cut_usd
            + case
                when {{ nanos_to_usd('cent_rank * 10000000') }} <= left_over_usd
                    then {{ nanos_to_usd(10000000) }}
                else 0
            end as {{ type_money() }}
        ) as amount_usd,
        cast(billed_cost_usd as {{ type_money() }}) as billed_cost_usd
    from ranked

)

select * from rounded
