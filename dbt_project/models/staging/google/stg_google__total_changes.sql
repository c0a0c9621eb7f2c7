-- GRAIN: one row per invoice, project and load, with what the load added to the cost of
-- all services, less what it took away
-- UNITS: the currency of the account
with source as (

    select * from {{ source('raw_google', 'project_totals') }}

),

landed as (

    select
        organization,
        _dlt_load_id as load_id,
        window_start as export_date,
        {{ clean_text(json_text('project_id')) }} as project_id,
        {{ google_month(json_text('invoice_month')) }} as invoice_month,
        {{ json_usd('net_cost') }} as net_cost
    from source

),

{{ changes_by_load('project_totals', ['invoice_month', 'project_id'], ['net_cost']) }}

select * from changes
