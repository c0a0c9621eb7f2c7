-- GRAIN: one row per month, platform and organization
-- INVARIANT: invoices sum to what the sheet says, to the last digit
with bills as (

    select * from {{ ref('rollup_invoiceable_days') }}

),

billed_days as (

    select * from {{ ref('rollup_platform_days') }}
    where platform_code = 'cursor'

),

shares as (

    select * from {{ ref('rollup_invoice_months') }}

),

invoice_groups as (

    select * from {{ ref('rollup_invoice_verdicts') }}

),

invoice_days as (

    select * from {{ ref('rollup_invoiced_days') }}

),

cycle_spends as (

    select * from {{ ref('int_cursor_cycle_spends') }}

),

billed as (

    select
        month,
        platform_code,
        organization,
        min(vendor) as vendor,
        sum(reported_usd) as reported_usd,
        sum(billed_usd) as marts_usd,
        sum(seats_usd) as seats_usd
    from bills
    group by month, platform_code, organization

),

invoiced as (

    select
        shares.month,
        shares.platform_code,
        shares.organization,
        min(shares.vendor) as vendor,
        sum(shares.invoiced_usd) as invoiced_usd,
        sum(shares.tolerance_usd) as tolerance_usd,
        max(case when invoice_groups.is_contested then 1 else 0 end) = 1
            as is_contested,
        max(
            case
                when invoice_groups.reconciliation_status = 'disputed' then 1
                else 0
            end
        ) = 1 as is_disputed,
        -- Also if it stands beside a disputed one.
        max(
            case
                when
                    invoice_groups.is_draft
                    or invoice_groups.period_end >= {{ as_of_date() }}
                    then 1
                else 0
            end
        ) = 1 as has_pending_invoice,
        string_agg(
            invoice_groups.reason, ' ' order by invoice_groups.reason
        ) as invoices_reason
    from shares
    inner join invoice_groups
        on shares.invoice_group_id = invoice_groups.invoice_group_id
    group by shares.month, shares.platform_code, shares.organization

),

-- A day that two groups of invoices cover counts once.
covered_days as (

    select distinct
        month,
        cost_date,
        platform_code,
        organization,
        billed_usd
    from invoice_days

),

covered as (

    select
        month,
        platform_code,
        organization,
        sum(billed_usd) as covered_usd
    from covered_days
    group by month, platform_code, organization

),

last_snapshots as (

    select
        {{ first_day_of('month', 'snapshot_date') }} as month,
        organization,
        snapshot_date,
        cycle_start_date,
        on_demand_usd
    from cycle_spends
    qualify row_number() over (
        partition by organization, {{ first_day_of('month', 'snapshot_date') }}
        order by snapshot_date desc
    ) = 1

),

-- A snapshot is taken during a day whose events are not complete.
snapshots as (

    select
        last_snapshots.month,
        'cursor' as platform_code,
        last_snapshots.organization,
        'cursor' as vendor,
        last_snapshots.snapshot_date,
        last_snapshots.cycle_start_date,
        last_snapshots.on_demand_usd as snapshot_usd,
        case
            when last_snapshots.cycle_start_date is not null
                then coalesce(sum(billed_days.reported_usd), 0)
        end as snapshot_events_usd
    from last_snapshots
    left join billed_days
        on
            last_snapshots.organization = billed_days.organization
            and last_snapshots.cycle_start_date <= billed_days.cost_date
            and last_snapshots.snapshot_date > billed_days.cost_date
    group by
        last_snapshots.month,
        last_snapshots.organization,
        last_snapshots.snapshot_date,
        last_snapshots.cycle_start_date,
        last_snapshots.on_demand_usd

),

members as (

    select
        month,
        platform_code,
        organization,
        vendor
    from billed

    union all

    select
        month,
        platform_code,
        organization,
        vendor
    from invoiced

    union all

    select
        month,
        platform_code,
        organization,
        vendor
    from snapshots

),

cells as (

    select
        month,
        platform_code,
        organization,
        min(vendor) as vendor
    from members
    group by month, platform_code, organization

),

joined as (

    select
        cells.month,
        cells.platform_code,
        cells.vendor,
        cells.organization,
        {{ is_complete_month('cells.month') }} as is_complete_month,
        coalesce(billed.reported_usd, 0) as reported_usd,
        coalesce(billed.marts_usd, 0) as marts_usd,
        coalesce(billed.seats_usd, 0) as seats_usd,
        invoiced.invoiced_usd,
        invoiced.tolerance_usd,
        invoiced.is_contested,
        invoiced.is_disputed,
        invoiced.has_pending_invoice,
        invoiced.invoices_reason,
        case
            when invoiced.invoiced_usd is not null
                then coalesce(covered.covered_usd, 0)
        end as covered_usd,
        snapshots.snapshot_date,
        snapshots.cycle_start_date as snapshot_from_date,
        snapshots.snapshot_usd,
        snapshots.snapshot_events_usd
    from cells
    left join billed
        on
            cells.month = billed.month
            and cells.platform_code = billed.platform_code
            and cells.organization = billed.organization
    left join invoiced
        on
            cells.month = invoiced.month
            and cells.platform_code = invoiced.platform_code
            and cells.organization = invoiced.organization
    left join covered
        on
            cells.month = covered.month
            and cells.platform_code = covered.platform_code
            and cells.organization = covered.organization
    left join snapshots
        on
            cells.month = snapshots.month
            and cells.platform_code = snapshots.platform_code
            and cells.organization = snapshots.organization

),

uninvoiced as (

    select
        *,
        marts_usd - coalesce(covered_usd, 0) as uninvoiced_usd,
        abs(marts_usd - coalesce(covered_usd, 0))
        > cast({{ var('invoice_tolerance_usd') }} as {{ type_money() }})
            as is_partly_invoiced
    from joined

),

judged as (

    select
        month,
        platform_code,
        vendor,
        organization,
        is_complete_month,
        cast(reported_usd as {{ type_money() }}) as reported_usd,
        cast(marts_usd as {{ type_money() }}) as marts_usd,
        cast(seats_usd as {{ type_money() }}) as seats_usd,
        cast(marts_usd - seats_usd - reported_usd as {{ type_money() }})
            as report_difference_usd,
        cast(invoiced_usd as {{ type_money() }}) as invoiced_usd,
        cast(covered_usd as {{ type_money() }}) as covered_usd,
        cast(invoiced_usd - covered_usd as {{ type_money() }})
            as invoice_difference_usd,
        cast(tolerance_usd as {{ type_money() }}) as tolerance_usd,
        cast(snapshot_usd as {{ type_money() }}) as snapshot_usd,
        cast(snapshot_events_usd as {{ type_money() }}) as snapshot_events_usd,
        cast(snapshot_usd - snapshot_events_usd as {{ type_money() }})
            as snapshot_difference_usd,
        snapshot_from_date,
        snapshot_date,
        case
            when is_contested then 'disputed'
            when not is_complete_month or invoiced_usd is null then 'pending'
            when is_disputed then 'disputed'
            when has_pending_invoice or is_partly_invoiced then 'pending'
            else 'reconciled'
        end as reconciliation_status,
        coalesce(has_pending_invoice, false) as has_pending_invoice,
        trim(concat(
            case when is_complete_month then '' else 'The month is not over. ' end,
            case
                when invoiced_usd is null
                    then
                        concat(
                            'No invoice yet for ', {{ usd_in_words('marts_usd') }}, '.'
                        )
                when is_partly_invoiced
                    then
                        concat(
                            'No invoice yet for ',
                            {{ usd_in_words('uninvoiced_usd') }},
                            ' of ',
                            {{ usd_in_words('marts_usd') }},
                            '. '
                        )
                else ''
            end,
            coalesce(invoices_reason, '')
        )) as reason
    from uninvoiced

)

select * from judged
