-- GRAIN: one row per billed line with a SKU that no seed knows
with charges as (

    select * from {{ ref('stg_github__current_charges') }}
    where
        is_counted
        and not is_known

),

unknown as (

    select
        cost_date,
        organization,
        billed_cost_usd as charge_usd,
        concat(coalesce(github_product, 'no product'), ': ', coalesce(sku, 'no SKU'))
            as kind
    from charges

)

select * from unknown
