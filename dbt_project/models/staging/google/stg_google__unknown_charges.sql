-- GRAIN: one row per charge of a SKU that the seed google_skus does not have
with charges as (

    select * from {{ ref('stg_google__current_charges') }}
    where not is_known

),

unknown as (

    select
        {{ conformed_row(
            'unknown_charges',
            ['organization'],
            cost_date='usage_date',
            kind="concat(
                coalesce(service_name, 'no service'), ': ', coalesce(sku_name, 'no SKU')
            )",
            charged_usd='billed_cost_usd'
        ) }}
    from charges

)

select * from unknown
