{{ config(materialized='table') }}

-- GRAIN: one row per day of usage on an invoice that changed since the last run, or
-- that a first list of seats divides
with last_run as (

    {{ last_completed_run() }}

),

invoice_days as (

    select * from {{ ref('stg_google__changed_invoice_days') }}

),

report_days as (

    select * from {{ ref('stg_google__report_days') }}

),

changed as (

    select changed_date from invoice_days

    union distinct

    select report_days.window_start as changed_date
    from last_run
    inner join report_days
        on last_run.loads_through < report_days.loaded_at

)

select * from changed
