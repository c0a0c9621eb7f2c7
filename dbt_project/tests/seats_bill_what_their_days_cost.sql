-- Over a finished cycle, what a seat was billed equals the sum of its days.
with seats as (

    select * from {{ ref('int_seat_costs') }}

),

different as (

    select
        platform_code,
        holder,
        plan,
        cycle_start,
        sum(billed_cost_usd) as billed_usd,
        sum(effective_cost_usd) as effective_usd
    from seats
    where cycle_end <= {{ as_of_date() }}
    group by
        platform_code,
        holder,
        plan,
        cycle_start
    having sum(billed_cost_usd) != sum(effective_cost_usd)

)

select * from different
