-- GRAIN: one row per charge as last reported, and one per part of a tax
with charges as (

    select * from {{ ref('stg_google__current_charges') }}

),

taxes as (

    select * from {{ ref('stg_google__taxes') }}

),

charge_rows as (

    select
        {{ conformed_row(
            'cost_rows',
            [
                'organization', 'platform_code', 'product',
                'model', 'token_type', 'service_tier', 'cost_type',
                'list_cost_usd', 'billed_cost_usd',
                'billed_cost_in_currency', 'invoice_month',
            ],
            cost_date='usage_date',
            workspace_id='project_id',
            allocation_method="'reported'",
            source="'billing_export'",
            effective_cost_usd='billed_cost_usd',
            billing_currency='currency'
        ) }}
    from charges

),

newest_taxes as (

    select *
    from taxes
    where usage_date < {{ as_of_date() }}
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
