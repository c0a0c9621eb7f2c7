-- List the plan in the tab `seat_plans`, with a price for these days (0 if it is free),
-- or correct its name in `seat_assignments`: until then the marts have no cost of it.
{{ config(store_failures=true) }}

with spans as (

    select * from {{ ref('int_seat_spans') }}
    where seat_price_usd is null

),

windows as (

    select * from {{ ref('int_windows') }}
    where
        is_daily
        and records > 0

),

history as (

    select {{ first_day_of('month', 'min(window_start)') }} as first_day
    from windows

),

unpriced as (

    select
        spans.platform,
        spans.plan,
        spans.holder,
        greatest(spans.valid_from, history.first_day) as first_date,
        least(
            {{ add_days('spans.valid_to', -1) }}, {{ add_days(as_of_date(), -1) }}
        ) as last_date
    from spans
    cross join history
    where
        spans.valid_to > history.first_day
        and spans.valid_from < {{ as_of_date() }}

)

select * from unpriced
