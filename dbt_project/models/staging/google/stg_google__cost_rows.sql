-- GRAIN: one row per charge as last reported
with charges as (

    select * from {{ ref('stg_google__charges') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'google'
        and resource = 'billing_export'

),

cost_rows as (

    select
        {{ conformed_row(
            'cost_rows',
            [
                'charges.organization', 'charges.platform_code', 'charges.product',
                'charges.model', 'charges.token_type', 'charges.cost_type',
                'charges.list_cost_usd', 'charges.billed_cost_usd',
                'charges.billed_cost_in_currency',
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

)

select * from cost_rows
