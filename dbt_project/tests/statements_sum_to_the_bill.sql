-- The statements of a month and vendor sum to its invoices, and where there is none to
-- what the marts bill, rounded to cents once.
with lines as (

    select
        month,
        vendor,
        sum(amount_usd) as stated_usd
    from {{ ref('fct_statement_lines') }}
    group by month, vendor

),

bills as (

    select
        month,
        vendor,
        round(sum(marts_usd + coalesce(invoice_difference_usd, 0)), 2) as billed_usd
    from {{ ref('fct_cost_reconciliation') }}
    group by month, vendor

),

different as (

    select
        coalesce(lines.month, bills.month) as month,
        coalesce(lines.vendor, bills.vendor) as vendor,
        coalesce(lines.stated_usd, 0) as stated_usd,
        coalesce(bills.billed_usd, 0) as billed_usd
    from lines
    full outer join bills
        on
            lines.month = bills.month
            and lines.vendor = bills.vendor
    where coalesce(lines.stated_usd, 0) != coalesce(bills.billed_usd, 0)

)

select * from different
