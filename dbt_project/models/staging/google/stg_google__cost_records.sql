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
        charges.usage_date as cost_date,
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

-- A day may have usage on two invoices, which change at different times.
taxes_then as (

    select
        taxes.usage_date as cost_date,
        versions.organization,
        versions.resource,
        versions.load_id,
        taxes.platform_code,
        taxes.invoice_month,
        taxes.billed_cost_usd
    from versions
    inner join taxes
        on
            versions.organization = taxes.organization
            and versions.window_start = taxes.usage_date
            and versions.loaded_at >= taxes.loaded_at
    where versions.resource = 'taxes'
    qualify rank() over (
        partition by
            taxes.usage_date,
            taxes.organization,
            versions.load_id,
            taxes.invoice_month
        order by taxes.loaded_at desc, taxes.load_id desc
    ) = 1

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
