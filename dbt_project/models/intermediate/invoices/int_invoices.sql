{{ config(materialized='table') }}

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
        sheet.corrects,
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
        corrects,
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

counted as (

    select
        *,
        is_whole and copy_number = 1 as is_counted
    from numbered

),

-- What corrects another invoice is for the days of that one, or if that is a correction
-- too, of the one that it corrects. A longer chain is not followed, but named.
placed as (

    select
        counted.*,
        counted.corrects is not null
        and (
            corrected.record_id is null
            or original.corrects is not null
        ) as corrects_nothing,
        coalesce(
            original.period_start, corrected.period_start, counted.period_start
        ) as placed_from,
        coalesce(
            original.period_end, corrected.period_end, counted.period_end
        ) as placed_to
    from counted
    left join counted as corrected
        on
            counted.corrects = corrected.invoice_key
            and counted.platform_code = corrected.platform_code
            and coalesce(counted.organization, '')
            = coalesce(corrected.organization, '')
            and counted.record_id != corrected.record_id
            and corrected.is_counted
    left join counted as original
        on
            corrected.corrects = original.invoice_key
            and corrected.platform_code = original.platform_code
            and coalesce(corrected.organization, '')
            = coalesce(original.organization, '')
            and corrected.record_id != original.record_id
            and counted.record_id != original.record_id
            and original.is_counted

),

-- Invoices of which the days overlap are compared together, for the days of all.
continued as (

    select
        *,
        coalesce(
            placed_from <= max(placed_to) over (
                partition by is_counted, platform_code, coalesce(organization, '')
                order by placed_from, placed_to, record_id
                rows between unbounded preceding and 1 preceding
            ),
            false
        ) as is_continued
    from placed

),

islands as (

    select
        *,
        sum(case when is_continued then 0 else 1 end) over (
            partition by is_counted, platform_code, coalesce(organization, '')
            order by placed_from, placed_to, record_id
            rows between unbounded preceding and current row
        ) as island
    from continued

),

bounded as (

    select
        *,
        case
            when is_counted
                then
                    min(placed_from) over (
                        partition by
                            is_counted,
                            platform_code,
                            coalesce(organization, ''),
                            island
                    )
            else placed_from
        end as covers_from,
        case
            when is_counted
                then
                    max(placed_to) over (
                        partition by
                            is_counted,
                            platform_code,
                            coalesce(organization, ''),
                            island
                    )
            else placed_to
        end as covers_to
    from islands

),

grouped as (

    select
        record_id,
        {{ surrogate_key([
            'platform_code', 'organization', 'covers_from', 'covers_to'
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
        is_counted,
        amount,
        currency,
        covers_from,
        covers_to,
        corrects_nothing
    from bounded

)

select * from grouped
