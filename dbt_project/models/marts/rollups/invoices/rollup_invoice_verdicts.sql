{{ config(materialized='table') }}

-- GRAIN: one row per platform, organization and period that is invoiced
with invoices as (

    select * from {{ ref('int_invoices') }}
    where is_counted

),

days as (

    select * from {{ ref('rollup_invoiced_days') }}

),

covered as (

    select
        invoice_group_id,
        sum(billed_usd) as covered_usd,
        sum(estimated_seats_usd) as estimated_seats_usd
    from days
    group by invoice_group_id

),

asked as (

    select
        invoice_group_id,
        platform_code,
        organization,
        covers_from as period_start,
        covers_to as period_end,
        string_agg(invoice_id, ', ' order by invoice_id) as invoice_ids,
        count(*) as invoices,
        max(copies) as copies,
        max(case when is_contested then 1 else 0 end) = 1 as is_contested,
        max(case when is_draft then 1 else 0 end) = 1 as is_draft,
        sum(amount_usd) as amount_usd
    from invoices
    group by all

),

compared as (

    select
        asked.*,
        covered.invoice_group_id is not null as has_costs,
        coalesce(covered.covered_usd, 0) as covered_usd,
        coalesce(covered.estimated_seats_usd, 0) as estimated_seats_usd,
        asked.amount_usd - coalesce(covered.covered_usd, 0) as difference_usd,
        {{ tolerance(
            'asked.amount_usd',
            var('invoice_tolerance_usd'),
            var('invoice_tolerance_percent')
        ) }} as tolerance_usd
    from asked
    left join covered
        on asked.invoice_group_id = covered.invoice_group_id

),

judged as (

    select
        *,
        abs(difference_usd) > tolerance_usd as is_beyond_tolerance,
        case
            when is_contested then 'disputed'
            when is_draft or period_end >= {{ as_of_date() }} then 'pending'
            when abs(difference_usd) > tolerance_usd then 'disputed'
            else 'reconciled'
        end as reconciliation_status
    from compared

),

explained as (

    select
        invoice_group_id,
        platform_code,
        organization,
        period_start,
        period_end,
        invoice_ids,
        invoices,
        copies,
        has_costs,
        is_contested,
        is_draft,
        is_beyond_tolerance,
        reconciliation_status,
        concat(
            invoice_ids,
            case when invoices = 1 then ' asks ' else ' ask ' end,
            {{ usd_in_words('amount_usd') }},
            ' for ',
            cast(period_start as {{ dbt.type_string() }}),
            ' to ',
            cast(period_end as {{ dbt.type_string() }}),
            case
                when has_costs
                    then concat(', the marts hold ', {{ usd_in_words('covered_usd') }})
                else ', for which the marts hold no cost'
            end,
            case
                when abs(difference_usd) < 0.005 then ': equal to the cent.'
                else
                    concat(
                        ': ',
                        {{ usd_in_words('abs(difference_usd)') }},
                        case
                            when difference_usd < 0 then ' too little'
                            else ' too much'
                        end,
                        case
                            when is_beyond_tolerance
                                then ', more than the tolerance of '
                            else ', within the tolerance of '
                        end,
                        {{ usd_in_words('tolerance_usd') }},
                        '.'
                    )
            end,
            case
                when estimated_seats_usd != 0
                    then
                        concat(
                            ' ',
                            {{ usd_in_words('estimated_seats_usd') }},
                            ' of it are seats from before members were first listed,'
                            ' worked out from the roster and from use.'
                        )
                else ''
            end,
            case when is_contested then ' The sheet says disputed.' else '' end,
            case when is_draft then ' The sheet says draft or pending.' else '' end,
            case
                when period_end >= {{ as_of_date() }} then ' The period is not over.'
                else ''
            end,
            case
                when copies > 1
                    then
                        ' An invoice is in the sheet twice: its last row counts.'
                else ''
            end
        ) as reason,
        cast(amount_usd as {{ type_money() }}) as amount_usd,
        cast(covered_usd as {{ type_money() }}) as covered_usd,
        cast(estimated_seats_usd as {{ type_money() }}) as estimated_seats_usd,
        cast(difference_usd as {{ type_money() }}) as difference_usd,
        cast(tolerance_usd as {{ type_money() }}) as tolerance_usd
    from judged

)

select * from explained
