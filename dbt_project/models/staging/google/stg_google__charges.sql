-- GRAIN: one row per charge of an AI tool and version of its window, also of loads that
-- are not complete
-- A SKU that was read because it looks like AI, and that the seed google_skus does not
-- know, counts as Gemini until somebody says what it is; a test lists it.
with billing_rows as (

    select * from {{ ref('base_google__billing_rows') }}

),

skus as (

    select * from {{ ref('stg_google__skus') }}

),

charges as (

    select
        billing_rows.record_id,
        billing_rows.load_id,
        billing_rows.organization,
        billing_rows.project_id,
        billing_rows.service_name,
        billing_rows.sku_name,
        billing_rows.currency,
        billing_rows.request_label,
        billing_rows.list_cost_usd,
        billing_rows.billed_cost_usd,
        billing_rows.billed_cost_in_currency,
        billing_rows.export_date,
        billing_rows.usage_date,
        billing_rows.invoice_month,
        skus.is_known,
        skus.model,
        skus.token_type,
        skus.service_tier,
        coalesce(skus.platform_code, 'gemini') as platform_code,
        coalesce(skus.product, 'unknown') as product,
        coalesce(skus.cost_type, 'usage') as cost_type
    from billing_rows
    inner join skus
        on
            coalesce(billing_rows.service_id, '') = skus.service_id
            and coalesce(billing_rows.sku_id, '') = skus.sku_id
            and coalesce(billing_rows.sku_name, '') = skus.sku_name
    where
        case
            when skus.is_known then skus.platform_code is not null
            else billing_rows.cost_type = 'regular'
        end

)

select * from charges
