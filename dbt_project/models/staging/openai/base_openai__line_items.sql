{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['line_item'],
    on_schema_change='fail',
    meta={'changes': 'stg_openai__changed_days'},
) }}

-- GRAIN: one row per line item that was ever reported
{% set days = changed_days(ref('stg_openai__changed_days')) %}

with costs as (

    select * from {{ ref('base_openai__costs') }}
    where {{ in_days('cost_date', days) }}

),

line_items as (

    select distinct coalesce(line_item, '') as line_item from costs

)

select * from line_items
