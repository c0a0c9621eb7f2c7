-- GRAIN: one row per group of invoices (same platform, organization and period), and
-- day, platform and organization whose cost it covers
with invoices as (

    select * from {{ ref('int_invoices') }}
    where is_counted

),

bills as (

    select * from {{ ref('rollup_invoiceable_days') }}

),

scopes as (

    select distinct
        invoice_group_id,
        platform_code,
        organization,
        covers_from,
        covers_to
    from invoices

),

-- An invoice may name a vendor and mean all its platforms.
covered as (

    select
        scopes.invoice_group_id,
        bills.month,
        bills.cost_date,
        bills.platform_code,
        bills.organization,
        bills.vendor,
        bills.billed_usd,
        bills.estimated_seats_usd
    from scopes
    inner join bills
        on
            scopes.covers_from <= bills.cost_date
            and scopes.covers_to >= bills.cost_date
            and (
                scopes.platform_code = bills.platform_code
                or scopes.platform_code = bills.vendor
            )
            and (
                scopes.organization is null
                or scopes.organization = bills.organization
            )

)

select * from covered
