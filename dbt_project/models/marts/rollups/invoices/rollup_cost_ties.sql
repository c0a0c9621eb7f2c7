{{ config(**replaced_by_day(
    'cost_date', changes='int_changed_days', cluster_by=['vendor', 'organization']
)) }}

-- GRAIN: one row per day, vendor, organization, platform, invoice month and measure
{% set days = changed_days(ref('int_changed_days')) %}

with reported as (

    select
        cost_date,
        vendor,
        organization,
        platform_code,
        invoice_month,
        'billed' as measure,
        reported_usd
    from {{ ref('int_reported_costs') }}
    where {{ in_days('cost_date', days) }}

),

costs as (

    select * from {{ ref('fct_cost_daily') }}
    where {{ in_days('cost_date', days) }}

),

held as (

    select
        cost_date,
        vendor,
        organization,
        platform_code,
        invoice_month,
        'billed' as measure,
        sum(billed_cost_usd) as marts_usd
    from costs
    where source != 'seat_plans'
    group by cost_date, vendor, organization, platform_code, invoice_month

),

compared as (

    select
        coalesce(reported.cost_date, held.cost_date) as cost_date,
        coalesce(reported.vendor, held.vendor) as vendor,
        coalesce(reported.organization, held.organization) as organization,
        coalesce(reported.platform_code, held.platform_code) as platform_code,
        coalesce(reported.invoice_month, held.invoice_month) as invoice_month,
        coalesce(reported.measure, held.measure) as measure,
        cast(coalesce(reported.reported_usd, 0) as {{ type_money() }}) as reported_usd,
        cast(coalesce(held.marts_usd, 0) as {{ type_money() }}) as marts_usd,
        cast(
            coalesce(held.marts_usd, 0) - coalesce(reported.reported_usd, 0)
            as {{ type_money() }}
        ) as difference_usd
    from reported
    full outer join held
        on
            reported.cost_date = held.cost_date
            and reported.vendor = held.vendor
            and reported.organization = held.organization
            and reported.platform_code = held.platform_code
            and reported.invoice_month = held.invoice_month
            and reported.measure = held.measure

)

select * from compared
