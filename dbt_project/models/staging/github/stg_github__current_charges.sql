-- GRAIN: one row per billed line, as last reported
with charges as (

    select * from {{ ref('stg_github__charges') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'github'
        and resource = 'billing_usage'

),

current_charges as (

    select
        charges.record_id,
        charges.organization,
        charges.github_organization,
        charges.repository,
        charges.github_product,
        charges.sku,
        charges.sku_code,
        charges.unit_type,
        charges.charge_kind,
        charges.plan_type,
        charges.platform_code,
        charges.product,
        charges.cost_type,
        charges.quantity,
        charges.list_cost_usd,
        charges.billed_cost_usd,
        charges.is_known,
        charges.is_counted,
        charges.cost_date
    from charges
    inner join windows
        on
            charges.organization = windows.organization
            and charges.cost_date = windows.window_start
            and charges.load_id = windows.load_id

)

select * from current_charges
