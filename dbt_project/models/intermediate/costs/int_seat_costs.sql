-- GRAIN: one row per platform, seat holder, plan and day of the seat, and one on the
-- day that bills the cycle
-- INVARIANT: over a finished cycle, billed equals effective, to the last digit
with spans as (

    select * from {{ ref('int_seat_spans') }}

),

days as (

    select * from {{ ref('int_days') }}

),

windows as (

    select * from {{ ref('int_windows') }}
    where
        is_daily
        and records > 0

),

-- Seats count from the first month for which a vendor reported anything.
history as (

    select min(window_start) as first_day from windows

),

cycle_days as (

    select
        'monthly' as billing_cycle,
        date_day,
        month_start_date as cycle_start,
        {{ next_first_day('month', 'month_start_date') }} as cycle_end
    from days

    union all

    select
        'annual' as billing_cycle,
        date_day,
        year_start_date as cycle_start,
        {{ next_first_day('year', 'year_start_date') }} as cycle_end
    from days

),

-- Cycles that began before the day of the run, from the cycle in which history begins.
numbered_days as (

    select
        cycle_days.billing_cycle,
        cycle_days.date_day,
        cycle_days.cycle_start,
        {{ days_between('cycle_days.cycle_end', 'cycle_days.cycle_start') }}
            as days_in_cycle,
        {{ days_between('cycle_days.date_day', 'cycle_days.cycle_start') }} as day_index
    from cycle_days
    cross join history
    where
        cycle_days.cycle_end > history.first_day
        and cycle_days.cycle_start < {{ as_of_date() }}

),

-- Each day's part of the price. The parts of a cycle add up to the price.
seat_days as (

    select
        spans.platform,
        spans.holder,
        spans.email,
        spans.plan,
        numbered_days.cycle_start,
        numbered_days.date_day,
        {{ integer_divide(
            'cast(spans.seat_price_usd * 1000000000 as int64)'
            ' * (numbered_days.day_index + 1)',
            'numbered_days.days_in_cycle'
        ) }}
        - {{ integer_divide(
            'cast(spans.seat_price_usd * 1000000000 as int64)'
            ' * numbered_days.day_index',
            'numbered_days.days_in_cycle'
        ) }} as nanos
    from spans
    inner join numbered_days
        on
            spans.billing_cycle = numbered_days.billing_cycle
            and spans.valid_from <= numbered_days.date_day
            and spans.valid_to > numbered_days.date_day

),

billed as (

    select
        platform,
        holder,
        email,
        plan,
        cycle_start as cost_date,
        sum(nanos) as billed_nanos,
        0 as effective_nanos
    from seat_days
    group by platform, holder, email, plan, cycle_start

),

spread as (

    select
        platform,
        holder,
        email,
        plan,
        date_day as cost_date,
        0 as billed_nanos,
        nanos as effective_nanos
    from seat_days
    where date_day < {{ as_of_date() }}

),

unioned as (

    select * from billed

    union all

    select * from spread

),

priced as (

    select
        cost_date,
        platform as platform_code,
        holder,
        email,
        plan,
        {{ nanos_to_usd('billed_nanos') }} as billed_cost_usd,
        {{ nanos_to_usd('effective_nanos') }} as effective_cost_usd
    from unioned

)

select * from priced
