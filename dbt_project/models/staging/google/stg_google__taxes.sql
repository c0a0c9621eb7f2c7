{{ config(**replaced_by_day(
    'usage_date', changes='stg_google__changed_invoice_days', cluster_by=['project_id']
)) }}

-- GRAIN: one row per invoice, project, day of usage, label, platform, product and
-- version of the invoice; taxes that name no project are of all of them together
-- INVARIANT: over a version the parts sum to the AI tools' share of the taxes, to the
-- last digit
-- A tax is on everything that a project used. The AI tools' share of it is their share
-- of what the project cost on the same invoice, and each day has its part of that.
{% set days = changed_days(ref('stg_google__changed_invoice_days')) %}
{% set invoices = google_days_of_invoices(ref('stg_google__invoice_days'), days) %}

-- Adjustments are in no project's total, so they are no part of the share either.
with charges as (

    select * from {{ ref('stg_google__charge_changes') }}
    where
        {{ in_days('usage_date', invoices) }}
        and is_adjustment is not true

),

taxes as (

    select * from {{ ref('stg_google__tax_changes') }}
    where {{ in_days('usage_date', invoices) }}

),

totals as (

    select * from {{ ref('stg_google__total_changes') }}

),

loads as (

    select
        organization,
        invoice_month,
        load_id,
        loaded_at
    from charges

    union distinct

    select
        organization,
        invoice_month,
        load_id,
        loaded_at
    from taxes

    union distinct

    select
        organization,
        invoice_month,
        load_id,
        loaded_at
    from totals

),

first_taxes as (

    select
        organization,
        invoice_month,
        min(loaded_at) as first_loaded_at
    from taxes
    group by organization, invoice_month

),

-- An invoice has a version with each load that changes it, from its first tax on.
versions as (

    select loads.*
    from loads
    inner join first_taxes
        on
            loads.organization = first_taxes.organization
            and loads.invoice_month = first_taxes.invoice_month
            and loads.loaded_at >= first_taxes.first_loaded_at

),

taxes_then as (

    select
        versions.organization,
        versions.invoice_month,
        versions.load_id,
        versions.loaded_at,
        taxes.project_id,
        taxes.currency,
        cast(sum(taxes.billed_cost_usd) as {{ type_money() }}) as tax_usd,
        cast(sum(taxes.billed_cost_in_currency) as {{ type_money() }})
            as tax_in_currency
    from versions
    inner join taxes
        on
            versions.organization = taxes.organization
            and versions.invoice_month = taxes.invoice_month
            and versions.loaded_at >= taxes.loaded_at
    group by all

),

totals_then as (

    select
        versions.organization,
        versions.invoice_month,
        versions.load_id,
        totals.project_id,
        sum(totals.net_cost) as net_cost
    from versions
    inner join totals
        on
            versions.organization = totals.organization
            and versions.invoice_month = totals.invoice_month
            and versions.loaded_at >= totals.loaded_at
    group by all

),

charges_then as (

    select
        versions.organization,
        versions.invoice_month,
        versions.load_id,
        charges.project_id,
        charges.usage_date,
        charges.request_label,
        charges.platform_code,
        charges.product,
        sum(charges.billed_cost_in_currency) as net_cost
    from versions
    inner join charges
        on
            versions.organization = charges.organization
            and versions.invoice_month = charges.invoice_month
            and versions.loaded_at >= charges.loaded_at
    group by all

),

weighed as (

    select
        taxes_then.*,
        charges_then.usage_date,
        charges_then.request_label,
        charges_then.platform_code,
        charges_then.product,
        sum(charges_then.net_cost) as net_cost
    from taxes_then
    inner join charges_then
        on
            taxes_then.organization = charges_then.organization
            and taxes_then.invoice_month = charges_then.invoice_month
            and taxes_then.load_id = charges_then.load_id
            and coalesce(taxes_then.project_id, charges_then.project_id, '')
            = coalesce(charges_then.project_id, '')
    group by all

),

whole as (

    select
        taxes_then.organization,
        taxes_then.invoice_month,
        taxes_then.load_id,
        taxes_then.project_id,
        sum(totals_then.net_cost) as total_cost
    from taxes_then
    inner join totals_then
        on
            taxes_then.organization = totals_then.organization
            and taxes_then.invoice_month = totals_then.invoice_month
            and taxes_then.load_id = totals_then.load_id
            and coalesce(taxes_then.project_id, totals_then.project_id, '')
            = coalesce(totals_then.project_id, '')
    group by
        taxes_then.organization,
        taxes_then.invoice_month,
        taxes_then.load_id,
        taxes_then.project_id

),

compared as (

    select
        weighed.*,
        whole.total_cost,
        sum(weighed.net_cost) over (
            partition by
                weighed.organization,
                weighed.invoice_month,
                weighed.load_id,
                weighed.project_id
        ) as ai_cost
    from weighed
    inner join whole
        on
            weighed.organization = whole.organization
            and weighed.invoice_month = whole.invoice_month
            and weighed.load_id = whole.load_id
            and coalesce(weighed.project_id, '') = coalesce(whole.project_id, '')

),

-- Where more was given back than used, the tax is of what was given back.
marked as (

    select
        *,
        {{ weight_of('ai_cost') }} as ai_weight,
        {{ weight_of('total_cost') }} as total_weight,
        case
            when sign(net_cost) = sign(ai_cost) then {{ weight_of('net_cost') }}
            else 0
        end as weight
    from compared

),

summed as (

    select
        *,
        sum(weight) over (
            partition by organization, invoice_month, load_id, project_id
        ) as weights,
        sum(weight) over (
            partition by organization, invoice_month, load_id, project_id
            order by usage_date, platform_code, product, request_label nulls last
            rows between unbounded preceding and current row
        ) as share_to
    from marked

),

-- A version in which AI has no part of a tax stays, with parts of 0: it supersedes the
-- one before it.
shares as (

    select
        *,
        share_to - weight as share_from,
        greatest(weights, 1) as share_whole,
        {{ google_ai_share('tax_usd') }} as ai_tax_usd,
        {{ google_ai_share('tax_in_currency') }} as ai_tax_in_currency
    from summed

),

parts as (

    select
        shares.organization,
        shares.invoice_month,
        shares.load_id,
        shares.loaded_at,
        shares.project_id,
        shares.usage_date,
        shares.request_label,
        shares.platform_code,
        shares.product,
        shares.currency,
        {{ part_of_usd('shares.ai_tax_usd', 'shares') }} as billed_cost_usd,
        {{ part_of_usd('shares.ai_tax_in_currency', 'shares') }}
            as billed_cost_in_currency
    from shares
    where {{ in_days('shares.usage_date', days) }}

),

-- What has no part in any version needs no rows.
ever_taxed as (

    select *
    from parts
    qualify max(greatest(abs(billed_cost_usd), abs(billed_cost_in_currency))) over (
        partition by
            organization,
            invoice_month,
            project_id,
            usage_date,
            request_label,
            platform_code,
            product,
            currency
    ) > 0

)

select * from ever_taxed
