-- GRAIN: one row per day, vendor, organization, platform and invoice month
-- Sums the records themselves, without models that allocate or attribute, and without
-- joins that could add or lose a row.
with records as (

    {{ all_vendors('cost_records') }}

),

windows as (

    select * from {{ ref('int_report_days') }}

),

-- The newest version of each window, unless another report of the day counts.
reported as (

    select
        records.cost_date,
        records.vendor,
        records.organization,
        records.platform_code,
        coalesce(
            records.invoice_month, {{ first_day_of('month', 'records.cost_date') }}
        ) as invoice_month,
        sum(records.billed_cost_usd) as reported_usd
    from records
    inner join windows
        on
            records.vendor = windows.source_name
            and records.organization = windows.organization
            and records.resource = windows.resource
            and records.cost_date = windows.window_start
            and records.load_id = windows.load_id
    left join windows as counted_instead
        on
            records.vendor = counted_instead.source_name
            and records.organization = counted_instead.organization
            and records.superseded_by = counted_instead.resource
            and records.cost_date = counted_instead.window_start
    where counted_instead.resource is null
    group by all

)

select * from reported
