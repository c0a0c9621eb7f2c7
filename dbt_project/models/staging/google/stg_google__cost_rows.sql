-- GRAIN: one row per charge as last reported, and one per part of a tax
with charges as (

    select * from {{ ref('stg_google__charges') }}

),

taxes as (

    select * from {{ ref('stg_google__taxes') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'google'
        and resource = 'billing_export'

),

charge_rows as (

    select
        {{ conformed_row(
            'cost_rows',
            [
                'charges.organization', 'charges.platform_code', 'charges.product',
                'charges.model', 'charges.token_type', 'charges.cost_type',
                'charges.list_cost_usd', 'charges.billed_cost_usd',
                'charges.billed_cost_in_currency', 'charges.invoice_month',
            ],
            cost_date='charges.usage_date',
            workspace_id='charges.project_id',
            allocation_method="'reported'",
            source="'billing_export'",
            effective_cost_usd='charges.billed_cost_usd',
            billing_currency='charges.currency'
        ) }}
    from charges
    inner join windows
        on
            charges.organization = windows.organization
            and charges.export_date = windows.window_start
            and charges.load_id = windows.load_id

),

newest_taxes as (

    select *
    from taxes
    qualify rank() over (
        partition by organization, invoice_month
        order by loaded_at desc, load_id desc
    ) = 1

),

tax_rows as (

    select
        {{ conformed_row(
            'cost_rows',
            [
                'organization', 'platform_code', 'product', 'billed_cost_usd',
                'billed_cost_in_currency', 'invoice_month',
            ],
            cost_date='usage_date',
            workspace_id='project_id',
            cost_type="'tax'",
            allocation_method="'by_cost'",
            source="'billing_export'",
            list_cost_usd='billed_cost_usd',
            effective_cost_usd='billed_cost_usd',
            billing_currency='currency'
        ) }}
    from newest_taxes

),

unioned as (

    select * from charge_rows

    union all

    select * from tax_rows

)

select * from unioned
