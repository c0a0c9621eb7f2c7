{{ config(materialized='table') }}

-- GRAIN: one row per day of usage on an invoice that changed since the last run
-- A tax is divided by all usage on its invoice: if a day of it changes, so does what
-- taxes add to the others.
{% set changes = ref('stg_google__changed_exports') %}

with changed_days as (

    select * from {{ ref('stg_google__changed_days') }}

),

invoice_days as (

    select * from {{ ref('stg_google__invoice_days') }}

),

-- The days are literals as well, so that engines prune.
exports as (

    select * from {{ changes }}

),

totals as (

    select
        window_start,
        {{ google_month(json_text('invoice_month')) }} as invoice_month
    from {{ source('raw_google', 'project_totals') }}
    where {{ in_days('window_start', google_changed_exports(changes)) }}

),

changed_invoices as (

    select invoice_days.invoice_month
    from invoice_days
    inner join changed_days
        on invoice_days.usage_date = changed_days.changed_date

    union distinct

    select totals.invoice_month
    from totals
    inner join exports
        on totals.window_start = exports.changed_date

),

changed as (

    select changed_date from changed_days

    union distinct

    select invoice_days.usage_date as changed_date
    from invoice_days
    inner join changed_invoices
        on invoice_days.invoice_month = changed_invoices.invoice_month

)

select * from changed
