-- GRAIN: one row per group of invoices, and month, platform and organization among
-- which it is divided
-- INVARIANT: the shares of a group sum to its amount, to the last digit
with invoice_groups as (

    select * from {{ ref('rollup_invoice_verdicts') }}

),

days as (

    select * from {{ ref('rollup_invoiced_days') }}

),

platforms as (

    select * from {{ ref('platforms') }}

),

vendors as (

    select distinct vendor from platforms

),

cells as (

    select
        invoice_group_id,
        month,
        platform_code,
        organization,
        min(vendor) as vendor,
        sum(billed_usd) as covered_usd
    from days
    group by invoice_group_id, month, platform_code, organization

),

weighed as (

    select
        cells.*,
        invoice_groups.amount_usd,
        invoice_groups.tolerance_usd,
        {{ usd_to_nanos('greatest(cells.covered_usd, 0)') }} as weight
    from cells
    inner join invoice_groups
        on cells.invoice_group_id = invoice_groups.invoice_group_id

),

-- Parts are whole billionths of a dollar; the largest part gets the remainder.
ranked as (

    select
        *,
        row_number() over (
            partition by invoice_group_id
            order by weight desc, month asc, platform_code asc, organization asc
        ) as share_rank,
        sum(weight) over (partition by invoice_group_id) as whole
    from weighed

),

shared as (

    select
        *,
        case
            when share_rank = 1 or whole = 0 then 0
            else
                {{ nanos_to_usd(integer_divide(
                    '(' ~ usd_to_nanos('amount_usd') ~ ') * weight', 'nullif(whole, 0)'
                )) }}
        end as amount_share_usd,
        case
            when share_rank = 1 or whole = 0 then 0
            else
                {{ nanos_to_usd(integer_divide(
                    '(' ~ usd_to_nanos('tolerance_usd') ~ ') * weight',
                    'nullif(whole, 0)'
                )) }}
        end as tolerance_share_usd
    from ranked

),

completed as (

    select
        invoice_group_id,
        month,
        platform_code,
        organization,
        vendor,
        covered_usd,
        case
            when share_rank > 1 then amount_share_usd
            else
                amount_usd
                - sum(amount_share_usd) over (partition by invoice_group_id)
        end as invoiced_usd,
        case
            when share_rank > 1 then tolerance_share_usd
            else
                tolerance_usd
                - sum(tolerance_share_usd) over (partition by invoice_group_id)
        end as tolerance_usd
    from shared

),

-- An invoice without any cost in the marts still gets a row.
uncovered as (

    select
        invoice_groups.invoice_group_id,
        {{ first_day_of('month', 'invoice_groups.period_start') }} as month,
        invoice_groups.platform_code,
        coalesce(invoice_groups.organization, {{ unattributed() }}) as organization,
        coalesce(platforms.vendor, vendors.vendor, 'unknown') as vendor,
        0 as covered_usd,
        invoice_groups.amount_usd as invoiced_usd,
        invoice_groups.tolerance_usd
    from invoice_groups
    left join platforms
        on invoice_groups.platform_code = platforms.platform_code
    left join vendors
        on invoice_groups.platform_code = vendors.vendor
    where not invoice_groups.has_costs

),

unioned as (

    select * from completed

    union all

    select * from uncovered

),

typed as (

    select
        invoice_group_id,
        month,
        platform_code,
        organization,
        vendor,
        cast(covered_usd as {{ type_money() }}) as covered_usd,
        cast(invoiced_usd as {{ type_money() }}) as invoiced_usd,
        cast(tolerance_usd as {{ type_money() }}) as tolerance_usd
    from unioned

)

select * from typed
