-- GRAIN: one row per charge of an AI tool, as last exported
with charges as (

    select * from {{ ref('stg_google__charges') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'google'
        and resource = 'billing_export'

),

current_charges as (

    select
        charges.record_id,
        charges.organization,
        charges.project_id,
        charges.service_name,
        charges.sku_name,
        charges.is_known,
        charges.platform_code,
        charges.product,
        charges.cost_type,
        charges.model,
        charges.token_type,
        charges.service_tier,
        charges.currency,
        charges.request_label,
        charges.list_cost_usd,
        charges.billed_cost_usd,
        charges.billed_cost_in_currency,
        charges.usage_date,
        charges.invoice_month
    from charges
    inner join windows
        on
            charges.organization = windows.organization
            and charges.export_date = windows.window_start
            and charges.load_id = windows.load_id
    where charges.usage_date < {{ as_of_date() }}

)

select * from current_charges
