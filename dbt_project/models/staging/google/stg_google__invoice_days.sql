{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['invoice_month', 'usage_date'],
    on_schema_change='fail',
    meta={'changes': 'stg_google__changed_days'},
) }}

-- GRAIN: one row per month of invoices and day of usage that was ever on one of them
{% set days = changed_days(ref('stg_google__changed_days')) %}

with charges as (

    select * from {{ ref('stg_google__charge_changes') }}
    where {{ in_days('usage_date', days) }}

),

taxes as (

    select * from {{ ref('stg_google__tax_changes') }}
    where {{ in_days('usage_date', days) }}

),

invoice_days as (

    select
        invoice_month,
        usage_date
    from charges

    union distinct

    select
        invoice_month,
        usage_date
    from taxes

)

select * from invoice_days
