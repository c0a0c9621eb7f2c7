-- GRAIN: one row per billed line with a SKU that no seed knows
with charges as (

    select * from {{ ref('stg_github__current_charges') }}
    where
        is_counted
        and not is_known

),

unknown as (

    select
        {{ conformed_row(
            'unknown_charges',
            ['cost_date', 'organization'],
            kind="concat(
                coalesce(github_product, 'no product'), ': ', coalesce(sku, 'no SKU')
            )",
            charged_usd='billed_cost_usd'
        ) }}
    from charges

)

select * from unknown
