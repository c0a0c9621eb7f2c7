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

-- The first pattern that fits; of no pattern that fits, any.
matched as (

    select
        billing_lines.*,
        skus.cost_type,
        skus.charge_kind,
        skus.plan_type,
        skus.platform_code as sku_platform_code,
        skus.product as sku_product,
        coalesce(billing_lines.sku_code like skus.sku_pattern, false) as is_known
    from billing_lines
    cross join skus
    qualify row_number() over (
        partition by billing_lines.cost_date, billing_lines.record_id
        order by
            case
                when billing_lines.sku_code like skus.sku_pattern then skus.sku_rank
            end asc nulls last,
            skus.sku_rank asc
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
        is_known,
        quantity,
        list_cost_usd,
        billed_cost_usd,
        cost_date,
        case when is_known then charge_kind end as charge_kind,
        case when is_known then plan_type end as plan_type,
        coalesce(case when is_known then sku_platform_code end, 'github_copilot')
            as platform_code,
        coalesce(case when is_known then sku_product end, 'unknown') as product,
        coalesce(case when is_known then cost_type end, 'usage') as cost_type,
        case
            when is_known then sku_platform_code is not null
            else {{ looks_like_copilot('product', 'sku_code') }}
        end as is_counted
    from matched

)

select * from judged
