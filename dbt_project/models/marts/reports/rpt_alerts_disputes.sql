-- GRAIN: one row per month, platform and organization in dispute with a vendor
with reconciliations as (

    select * from {{ ref('fct_cost_reconciliation') }}
    where
        reconciliation_status = 'disputed'
        -- Older disputes were settled or given up, whatever the sheet says.
        and month >= {{ first_day_of('month', days_before_run(366)) }}

),

disputes as (

    select
        {{ as_of_date() }} as as_of_date,
        month,
        platform_code,
        vendor,
        organization,
        reason,
        report_difference_usd,
        invoice_difference_usd,
        snapshot_difference_usd
    from reconciliations

)

select * from disputes
