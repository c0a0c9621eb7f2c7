-- Seats come from a sheet, which is not an organization that is invoiced. They belong
-- to the organization that reports their platform in the month, if there is exactly
-- one. That depends on all days of the month, so it is not stored by day.
with billed_days as (

    select
        {{ invoice_date('cost_date', 'invoice_month') }} as cost_date,
        platform_code,
        vendor,
        organization,
        reported_usd,
        billed_usd,
        seats_usd,
        {{ first_day_of('month', invoice_date('cost_date', 'invoice_month')) }} as month
    from {{ ref('rollup_platform_days') }}

),

-- Before members were first listed, seats are worked out from the roster and from use.
first_list as (

    select min(window_start) as snapshot_date
    from {{ ref('int_windows') }}
    where
        source_name = 'cursor'
        and resource = 'members'

),

reporters as (

    select
        month,
        platform_code,
        min(organization) as reporter
    from billed_days
    where organization != 'sheets'
    group by month, platform_code
    having min(organization) = max(organization)

),

summed as (

    select
        billed_days.month,
        billed_days.cost_date,
        billed_days.platform_code,
        case
            when billed_days.organization = 'sheets'
                then coalesce(reporters.reporter, 'sheets')
            else billed_days.organization
        end as organization,
        min(billed_days.vendor) as vendor,
        cast(sum(billed_days.reported_usd) as {{ type_money() }}) as reported_usd,
        cast(sum(billed_days.billed_usd) as {{ type_money() }}) as billed_usd,
        cast(sum(billed_days.seats_usd) as {{ type_money() }}) as seats_usd,
        cast(
            sum(
                case
                    when
                        billed_days.platform_code = 'cursor'
                        and billed_days.cost_date < first_list.snapshot_date
                        then billed_days.seats_usd
                    else 0
                end
            ) as {{ type_money() }}
        ) as estimated_seats_usd
    from billed_days
    cross join first_list
    left join reporters
        on
            billed_days.month = reporters.month
            and billed_days.platform_code = reporters.platform_code
    group by
        billed_days.month,
        billed_days.cost_date,
        billed_days.platform_code,
        case
            when billed_days.organization = 'sheets'
                then coalesce(reporters.reporter, 'sheets')
            else billed_days.organization
        end

)

select * from summed
