-- Adjustments of Google's invoice that count nowhere, since they name no SKU. Look at
-- the invoice whether they are about AI.
{{ config(severity='warn', store_failures=true) }}

with billing_rows as (

    select * from {{ ref('base_google__billing_rows') }}
    where
        usage_date >= {{ tested_since('int_costs') }}
        and service_name = 'Invoice'
        and cost_type not in ('regular', 'tax', 'rounding_error')
        and corrected_sku_id is null

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'google'
        and resource = 'billing_export'

),

charges as (

    select * from {{ ref('stg_google__current_charges') }}
    where usage_date >= {{ tested_since('int_costs') }}

),

uncharged as (

    select
        billing_rows.invoice_month,
        billing_rows.project_id,
        billing_rows.sku_name,
        sum(billing_rows.billed_cost_usd) as billed_cost_usd
    from billing_rows
    inner join windows
        on
            billing_rows.organization = windows.organization
            and billing_rows.export_date = windows.window_start
            and billing_rows.load_id = windows.load_id
    left join charges
        on billing_rows.record_id = charges.record_id
    where charges.record_id is null
    group by
        billing_rows.invoice_month,
        billing_rows.project_id,
        billing_rows.sku_name

)

select * from uncharged
