-- GRAIN: one row per resource, day of usage, platform and invoice, as of each version
-- of the day
with charges as (

    select * from {{ ref('stg_google__charge_changes') }}

),

taxes as (

    select * from {{ ref('stg_google__taxes') }}

),

versions as (

    select * from {{ ref('stg_google__cost_versions') }}

),

charges_then as (

    select
        versions.window_start as cost_date,
        versions.organization,
        versions.resource,
        versions.load_id,
        charges.platform_code,
        charges.invoice_month,
        charges.billed_cost_usd
    from versions
    inner join charges
        on
            versions.organization = charges.organization
            and versions.window_start = charges.usage_date
            and versions.loaded_at >= charges.loaded_at
    where versions.resource = 'costs'

),

tax_loads as (

    select distinct
        organization,
        invoice_month,
        usage_date,
        load_id,
        loaded_at
    from taxes

),

-- A day may have usage on two invoices, which change at different times.
newest_then as (

    select
        versions.organization,
        versions.resource,
        versions.load_id,
        versions.window_start,
        tax_loads.invoice_month,
        tax_loads.load_id as tax_load_id
    from versions
    inner join tax_loads
        on
            versions.organization = tax_loads.organization
            and versions.window_start = tax_loads.usage_date
            and versions.loaded_at >= tax_loads.loaded_at
    where versions.resource = 'taxes'
    qualify row_number() over (
        partition by
            versions.organization,
            versions.window_start,
            versions.load_id,
            tax_loads.invoice_month
        order by tax_loads.loaded_at desc, tax_loads.load_id desc
    ) = 1

),

taxes_then as (

    select
        newest_then.window_start as cost_date,
        newest_then.organization,
        newest_then.resource,
        newest_then.load_id,
        taxes.platform_code,
        taxes.invoice_month,
        taxes.billed_cost_usd
    from newest_then
    inner join taxes
        on
            newest_then.organization = taxes.organization
            and newest_then.invoice_month = taxes.invoice_month
            and newest_then.window_start = taxes.usage_date
            and newest_then.tax_load_id = taxes.load_id

),

unioned as (

    select * from charges_then

    union all

    select * from taxes_then

),

summed as (

    select
        cost_date,
        organization,
        resource,
        load_id,
        platform_code,
        invoice_month,
        cast(sum(billed_cost_usd) as {{ type_money() }}) as billed_cost_usd
    from unioned
    group by
        cost_date, organization, resource, load_id, platform_code, invoice_month

),

records as (

    select
        {{ conformed_row(
            'cost_records',
            [
                'cost_date', 'organization', 'resource', 'load_id', 'platform_code',
                'billed_cost_usd', 'invoice_month',
            ]
        ) }}
    from summed

)

select * from records
