-- GRAIN: one row per row that the tab of invoices has now
with sheet as (

    select * from {{ ref('stg_google_sheets__invoices') }}
    where seen_to = {{ end_of_time() }}

),

rates as (

    select * from {{ ref('stg_exchange_rates') }}

),

-- By the rate of the last day that the invoice bills.
in_dollars as (

    select
        sheet.record_id,
        sheet.invoice_id,
        sheet.platform,
        sheet.organization,
        sheet.status,
        sheet.sheet_row,
        sheet.amount,
        coalesce(sheet.currency, 'USD') as currency,
        {{ to_usd('sheet.amount', 'sheet.currency') }} as amount_usd,
        sheet.period_start,
        sheet.period_end
    from sheet
    left join rates
        on {{ rate_of_day('sheet.currency', 'sheet.period_end') }}

),

cleaned as (

    select
        record_id,
        coalesce(invoice_id, 'without a number') as invoice_id,
        coalesce(platform, {{ unattributed() }}) as platform_code,
        organization,
        status,
        sheet_row,
        amount,
        currency,
        amount_usd,
        period_start,
        period_end,
        coalesce(status in ('draft', 'pending'), false) as is_draft,
        coalesce(status = 'disputed', false) as is_contested,
        platform is not null as has_platform,
        coalesce(amount_usd is not null and period_start <= period_end, false)
            as is_whole,
        coalesce(lower(invoice_id), record_id) as invoice_key
    from in_dollars

),

-- If an invoice is entered twice, the later row wins.
numbered as (

    select
        *,
        row_number() over (
            partition by
                is_whole, platform_code, coalesce(organization, ''), invoice_key
            order by sheet_row desc, record_id desc
        ) as copy_number,
        count(*) over (
            partition by
                is_whole, platform_code, coalesce(organization, ''), invoice_key
        ) as copies
    from cleaned

),

grouped as (

    select
        record_id,
        {{ surrogate_key([
            'platform_code', 'organization', 'period_start', 'period_end'
        ]) }} as invoice_group_id,
        invoice_id,
        platform_code,
        organization,
        status,
        sheet_row,
        copies,
        amount_usd,
        period_start,
        period_end,
        is_draft,
        is_contested,
        has_platform,
        is_whole,
        is_whole and copy_number = 1 as is_counted,
        amount,
        currency
    from numbered

)

select * from grouped
