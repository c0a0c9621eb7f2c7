-- GRAIN: one row per platform, seat holder, plan and day of the seat, and one on each
-- day that bills it
-- INVARIANT: over a finished cycle, billed equals effective, to the last digit
with spans as (

    select * from {{ ref('int_seat_spans') }}
    where seat_price_usd is not null

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

-- Seats count from the first cycle for which a vendor reported anything.
history as (

    select min(window_start) as first_day from windows

),

monthly_days as (

    select
        spans.platform,
        spans.holder,
        spans.email,
        spans.plan,
        spans.seat_price_usd,
        spans.valid_from,
        days.date_day,
        days.month_start_date as cycle_start,
        {{ next_first_day('month', 'days.month_start_date') }} as cycle_end
    from spans
    inner join days
        on
            spans.valid_from <= days.date_day
            and spans.valid_to > days.date_day
    cross join history
    where
        spans.billing_cycle != 'annual'
        and {{ next_first_day('month', 'days.month_start_date') }} > history.first_day
        and days.month_start_date < {{ as_of_date() }}

),

annual_spans as (

    select spans.*
    from spans
    cross join history
    where
        spans.billing_cycle = 'annual'
        and spans.cycle_end > history.first_day

),

annual_days as (

    select
        annual_spans.platform,
        annual_spans.holder,
        annual_spans.email,
        annual_spans.plan,
        annual_spans.seat_price_usd,
        annual_spans.valid_from,
        days.date_day,
        annual_spans.cycle_start,
        annual_spans.cycle_end
    from annual_spans
    inner join days
        on
            annual_spans.valid_from <= days.date_day
            and annual_spans.valid_to > days.date_day

),

seat_days as (

    select * from monthly_days

    union all

    select * from annual_days

),

-- Each amount is the part of the price that falls on the days from one to another.
spread as (

    select
        platform,
        holder,
        email,
        plan,
        seat_price_usd,
        cycle_start,
        cycle_end,
        date_day as cost_date,
        false as is_billed,
        date_day as part_from,
        {{ add_days('date_day', 1) }} as part_to
    from seat_days
    where date_day < {{ as_of_date() }}

),

-- The first of a month bills the days of the month on which the seat is held.
billed_months as (

    select
        platform,
        holder,
        email,
        plan,
        seat_price_usd,
        cycle_start,
        cycle_end,
        cycle_start as cost_date,
        true as is_billed,
        min(date_day) as part_from,
        {{ add_days('max(date_day)', 1) }} as part_to
    from monthly_days
    group by
        platform,
        holder,
        email,
        plan,
        seat_price_usd,
        valid_from,
        cycle_start,
        cycle_end

),

-- A year is paid when the seat is first held in it, up to its end. No day is billed
-- before it is over, as no later one is built until then.
billed_years as (

    select
        platform,
        holder,
        email,
        plan,
        seat_price_usd,
        cycle_start,
        cycle_end,
        valid_from as cost_date,
        true as is_billed,
        valid_from as part_from,
        cycle_end as part_to
    from annual_spans
    where valid_from < {{ as_of_date() }}

),

-- If the seat is given back before, the rest of the year is a credit: from the end of
-- the year back to the day after the last.
credits as (

    select
        platform,
        holder,
        email,
        plan,
        seat_price_usd,
        cycle_start,
        cycle_end,
        valid_to as cost_date,
        true as is_billed,
        cycle_end as part_from,
        valid_to as part_to
    from annual_spans
    where
        valid_to < cycle_end
        and valid_to < {{ as_of_date() }}

),

unioned as (

    select * from spread

    union all

    select * from billed_months

    union all

    select * from billed_years

    union all

    select * from credits

),

-- The parts of a cycle add up to the price.
amounts as (

    select
        *,
        {{ nanos_to_usd(
            integer_divide(
                'cast(seat_price_usd * 1000000000 as int64) * '
                ~ days_between('part_to', 'cycle_start'),
                days_between('cycle_end', 'cycle_start')
            )
            ~ ' - '
            ~ integer_divide(
                'cast(seat_price_usd * 1000000000 as int64) * '
                ~ days_between('part_from', 'cycle_start'),
                days_between('cycle_end', 'cycle_start')
            )
        ) }} as amount_usd
    from unioned

),

priced as (

    select
        cost_date,
        platform as platform_code,
        holder,
        email,
        plan,
        cycle_start,
        cycle_end,
        case when is_billed then amount_usd else 0 end as billed_cost_usd,
        case when is_billed then 0 else amount_usd end as effective_cost_usd
    from amounts

)

select * from priced
