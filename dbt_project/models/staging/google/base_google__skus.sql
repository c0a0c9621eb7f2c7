{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['service_id', 'sku_id', 'sku_name'],
    on_schema_change='fail',
    meta={'changes': 'stg_google__changed_days'},
) }}

-- GRAIN: one row per service and SKU, under each name that it had
{% set days = changed_days(ref('stg_google__changed_days')) %}

with billing_rows as (

    select * from {{ ref('base_google__billing_rows') }}
    where {{ in_days('usage_date', days) }}

),

skus as (

    select distinct
        coalesce(service_id, '') as service_id,
        coalesce(sku_id, '') as sku_id,
        coalesce(sku_name, '') as sku_name
    from billing_rows

)

select * from skus
