-- Rows of the tab `invoices` that cannot be compared, rows of which only the last
-- counts, rows that correct no other, and rows for days that an invoice of another
-- group covers too.
{{ config(severity='warn', store_failures=true) }}

with invoices as (

    select * from {{ ref('int_invoices') }}

),

days as (

    select * from {{ ref('rollup_invoiced_days') }}

),

shared_days as (

    select
        invoice_group_id,
        count(*) over (partition by cost_date, platform_code, organization)
            as groups_of_day
    from days

),

overlapping as (

    select distinct invoice_group_id
    from shared_days
    where groups_of_day > 1

),

wrong as (

    select
        sheet_row,
        invoice_id,
        platform_code,
        amount_usd,
        period_start,
        period_end,
        'amount or period is missing: left out' as problem
    from invoices
    where not is_whole

    union all

    select
        sheet_row,
        invoice_id,
        platform_code,
        amount_usd,
        period_start,
        period_end,
        'platform is missing' as problem
    from invoices
    where
        is_counted
        and not has_platform

    union all

    select
        sheet_row,
        invoice_id,
        platform_code,
        amount_usd,
        period_start,
        period_end,
        'a later row has the same number: left out' as problem
    from invoices
    where
        is_whole
        and not is_counted

    union all

    select
        sheet_row,
        invoice_id,
        platform_code,
        amount_usd,
        period_start,
        period_end,
        'the invoice that it corrects is not in the sheet, or corrects a correction'
            as problem
    from invoices
    where
        is_counted
        and corrects_nothing

    union all

    select
        invoices.sheet_row,
        invoices.invoice_id,
        invoices.platform_code,
        invoices.amount_usd,
        invoices.period_start,
        invoices.period_end,
        'an invoice for another platform or organization covers the same cost'
            as problem
    from invoices
    inner join overlapping
        on invoices.invoice_group_id = overlapping.invoice_group_id
    where invoices.is_counted

)

select
    concat('row ', cast(sheet_row as {{ dbt.type_string() }})) as sheet_row,
    invoice_id,
    platform_code,
    {{ usd_in_words('amount_usd') }} as amount_usd,
    period_start,
    period_end,
    problem
from wrong
