-- GRAIN: one row per billed line and version of its day, also of loads that are not
-- complete
-- A SKU that looks like Copilot, and that the seed github_skus does not know, counts
-- until somebody says what it is; a test lists it.
with billing_lines as (

    select * from {{ ref('base_github__billing_lines') }}

),

skus as (

    select * from {{ ref('github_skus') }}

),

matched as (

    select
        billing_lines.*,
        skus.sku_rank,
        skus.cost_type,
        skus.charge_kind,
        skus.plan_type,
        skus.platform_code as sku_platform_code,
        skus.product as sku_product
    from billing_lines
    left join skus
        on billing_lines.sku_code like skus.sku_pattern
    qualify row_number() over (
        partition by billing_lines.cost_date, billing_lines.record_id
        order by skus.sku_rank
    ) = 1

),

judged as (

    select
        record_id,
        load_id,
        organization,
        github_organization,
        repository,
        product as github_product,
        sku,
        sku_code,
        unit_type,
        charge_kind,
        plan_type,
        quantity,
        list_cost_usd,
        billed_cost_usd,
        cost_date,
        coalesce(sku_platform_code, 'github_copilot') as platform_code,
        coalesce(sku_product, 'unknown') as product,
        coalesce(cost_type, 'usage') as cost_type,
        sku_rank is not null as is_known,
        case
            when sku_rank is null then {{ looks_like_copilot('product', 'sku_code') }}
            else sku_platform_code is not null
        end as is_counted
    from matched

)

select * from judged
