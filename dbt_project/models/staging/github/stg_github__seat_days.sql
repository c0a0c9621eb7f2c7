-- GRAIN: one row per day with a charge for seats, and person who had a seat
-- The snapshot of the day counts, or the last one before it; for days before the first
-- snapshot, the first. A person with seats in several organizations is billed once, for
-- the oldest.
with charges as (

    select distinct
        organization,
        cost_date
    from {{ ref('stg_github__current_charges') }}
    where charge_kind = 'seats'

),

seats as (

    select * from {{ ref('stg_github__seats') }}
    where login_name is not null

),

snapshots as (

    select
        organization,
        min(window_start) as first_snapshot_date
    from {{ ref('stg_windows') }}
    where
        source_name = 'github'
        and resource = 'copilot_seats'
    group by organization

),

held as (

    select
        seats.organization,
        seats.github_organization,
        seats.account_id,
        seats.login_name,
        seats.plan_type,
        seats.seen_to,
        case
            when seats.seen_from = snapshots.first_snapshot_date
                then {{ beginning_of_time() }}
            else seats.seen_from
        end as seen_from,
        coalesce(cast(seats.created_at as date), {{ beginning_of_time() }})
            as created_on
    from seats
    inner join snapshots
        on seats.organization = snapshots.organization

),

seat_days as (

    select
        charges.cost_date,
        charges.organization,
        held.github_organization,
        held.login_name,
        held.plan_type
    from charges
    inner join held
        on
            charges.organization = held.organization
            and charges.cost_date >= held.seen_from
            and charges.cost_date < held.seen_to
            and charges.cost_date >= held.created_on
    qualify row_number() over (
        partition by
            charges.cost_date,
            charges.organization,
            coalesce(held.account_id, held.login_name)
        order by
            held.created_on asc,
            held.github_organization asc nulls last,
            held.login_name asc
    ) = 1

)

select * from seat_days
