-- GRAIN: one row per service and SKU, under each name that it had
with skus as (

    select * from {{ ref('base_google__skus') }}

),

-- An empty cell of a seed is null on one engine and an empty text on the other.
rules as (

    select
        sku_rank,
        sku_pattern,
        product,
        cost_type,
        nullif(service_id, '') as service_id,
        nullif(platform_code, '') as platform_code
    from {{ ref('google_skus') }}

),

words as (

    select * from {{ ref('google_sku_words') }}

),

ruled as (

    select
        skus.service_id,
        skus.sku_id,
        skus.sku_name,
        rules.platform_code,
        rules.product,
        rules.cost_type
    from skus
    inner join rules
        on
            skus.service_id = coalesce(rules.service_id, skus.service_id)
            and lower(skus.sku_name) like rules.sku_pattern
    qualify row_number() over (
        partition by skus.service_id, skus.sku_id, skus.sku_name
        order by rules.sku_rank
    ) = 1

),

{{ meanings_of_words(
    'skus', 'sku_name', 'sku_pattern', ['model', 'token_type', 'service_tier']
) }},

described as (

    select
        skus.service_id,
        skus.sku_id,
        skus.sku_name,
        ruled.platform_code,
        ruled.product,
        ruled.cost_type,
        meanings.model,
        meanings.token_type,
        meanings.service_tier,
        ruled.sku_name is not null as is_known
    from skus
    left join ruled
        on
            skus.service_id = ruled.service_id
            and skus.sku_id = ruled.sku_id
            and skus.sku_name = ruled.sku_name
    left join meanings
        on skus.sku_name = meanings.sku_name

)

select * from described
