-- GRAIN: one row per charge of an AI tool and version of its window, also of loads that
-- are not complete
-- A SKU that was read because it looks like AI, and that the seed google_skus does not
-- know, counts as Gemini until somebody says what it is; a test lists it.
-- An adjustment of the invoice is of the service "Invoice", and counts as the SKU that
-- it corrects. Taxes and rounding are divided apart, whatever SKU they name.
with billing_rows as (

    select * from {{ ref('base_google__billing_rows') }}

),

skus as (

    select * from {{ ref('stg_google__skus') }}

),

corrected_skus as (

    select * from skus
    where platform_code is not null
    qualify row_number() over (partition by sku_id order by service_id, sku_name) = 1

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
        billing_rows.cost_type = 'adjustment' as is_adjustment,
        coalesce(corrected_skus.model, skus.model) as model,
        coalesce(corrected_skus.token_type, skus.token_type) as token_type,
        coalesce(corrected_skus.service_tier, skus.service_tier) as service_tier,
        corrected_skus.is_known is not null or skus.is_known as is_known,
        coalesce(corrected_skus.platform_code, skus.platform_code, 'gemini')
            as platform_code,
        coalesce(corrected_skus.product, skus.product, 'unknown') as product,
        coalesce(corrected_skus.cost_type, skus.cost_type, 'usage') as cost_type
    from billing_rows
    inner join skus
        on
            coalesce(billing_rows.service_id, '') = skus.service_id
            and coalesce(billing_rows.sku_id, '') = skus.sku_id
            and coalesce(billing_rows.sku_name, '') = skus.sku_name
    left join corrected_skus
        on
            billing_rows.corrected_sku_id = corrected_skus.sku_id
            and billing_rows.cost_type not in ('tax', 'rounding_error')
    where
        case
            when corrected_skus.is_known is not null then true
            when skus.is_known then skus.platform_code is not null
            else
                billing_rows.cost_type = 'regular'
                and billing_rows.corrected_sku_id is null
        end

)

select * from charges
