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

said as (

    select
        skus.sku_name,
        words.meaning,
        words.value
    from (select distinct sku_name from skus) as skus
    inner join words
        on lower(skus.sku_name) like words.sku_pattern
    qualify row_number() over (
        partition by skus.sku_name, words.meaning order by words.word_rank
    ) = 1

),

meanings as (

    select
        sku_name,
        max(case meaning when 'model' then value end) as model,
        max(case meaning when 'token_type' then value end) as token_type,
        max(case meaning when 'service_tier' then value end) as service_tier
    from said
    group by sku_name

),

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
