-- Over a finished cycle, what a seat was billed equals the sum of its days.
with seats as (

    select * from {{ ref('int_seat_costs') }}

),

-- A seat that was ever billed yearly is compared by the year.
cadences as (

    select
        platform as platform_code,
        holder,
        plan,
        max(case when billing_cycle = 'annual' then 1 else 0 end) = 1 as is_annual
    from {{ ref('int_seat_spans') }}
    group by
        platform,
        holder,
        plan

),

cycles as (

    select
        seats.*,
        case
            when cadences.is_annual then {{ first_day_of('year', 'seats.cost_date') }}
            else {{ first_day_of('month', 'seats.cost_date') }}
        end as cycle_start,
        case
            when
                cadences.is_annual
                then
                    {{ next_first_day(
                        'year', first_day_of('year', 'seats.cost_date')
                    ) }}
            else
                {{ next_first_day('month', first_day_of('month', 'seats.cost_date')) }}
        end as cycle_end
    from seats
    inner join cadences
        on
            seats.platform_code = cadences.platform_code
            and seats.holder = cadences.holder
            and seats.plan = cadences.plan

),

different as (

    select
        platform_code,
        holder,
        plan,
        cycle_start,
        sum(billed_cost_usd) as billed_usd,
        sum(effective_cost_usd) as effective_usd
    from cycles
    where cycle_end <= {{ as_of_date() }}
    group by
        platform_code,
        holder,
        plan,
        cycle_start
    having sum(billed_cost_usd) != sum(effective_cost_usd)

)

select * from different
