-- GRAIN: one row per day with a charge for seats of Gemini Enterprise, project and who
-- had a seat; one more of nobody, if more seats were bought than people have
-- The snapshot of the day counts, or the last one before it; for days before the first
-- snapshot, the first.
with charges as (

    select distinct
        usage_date,
        project_id
    from {{ ref('stg_google__current_charges') }}
    where {{ is_charge_for_seats() }}

),

seats as (

    select * from {{ ref('stg_google__seats') }}

),

subscriptions as (

    select * from {{ ref('stg_google__subscriptions') }}
    where subscription_state = 'ACTIVE'

),

first_snapshots as (

    select
        resource,
        organization as project_id,
        min(window_start) as snapshot_date
    from {{ ref('stg_windows') }}
    where source_name = 'google'
    group by resource, organization

),

held as (

    select distinct
        charges.usage_date,
        charges.project_id,
        seats.email
    from charges
    inner join seats
        on
            charges.project_id = seats.project_id
            and charges.usage_date < seats.seen_to
            and charges.usage_date
            >= coalesce(cast(seats.created_at as date), {{ beginning_of_time() }})
    inner join first_snapshots
        on
            seats.project_id = first_snapshots.project_id
            and first_snapshots.resource = 'gemini_enterprise_licenses'
            and (
                charges.usage_date >= seats.seen_from
                or seats.seen_from = first_snapshots.snapshot_date
            )

),

bought as (

    select
        charges.usage_date,
        charges.project_id,
        cast(sum(subscriptions.seats) as int64) as seats
    from charges
    inner join subscriptions
        on
            charges.project_id = subscriptions.project_id
            and charges.usage_date < subscriptions.seen_to
    inner join first_snapshots
        on
            subscriptions.project_id = first_snapshots.project_id
            and first_snapshots.resource = 'gemini_enterprise_subscriptions'
            and (
                charges.usage_date >= subscriptions.seen_from
                or subscriptions.seen_from = first_snapshots.snapshot_date
            )
    group by charges.usage_date, charges.project_id

),

-- The row of what was bought stands for the seats that nobody has.
unioned as (

    select
        usage_date,
        project_id,
        email,
        cast(null as int64) as seats
    from held

    union all

    select
        usage_date,
        project_id,
        cast(null as {{ dbt.type_string() }}) as email,
        seats
    from bought

),

numbered as (

    select
        usage_date,
        project_id,
        email,
        seats,
        row_number() over (
            partition by usage_date, project_id order by seats nulls first, email
        ) as seat_number,
        sum(case when seats is null then 1 else 0 end)
            over (partition by usage_date, project_id) as holders,
        max(seats) over (partition by usage_date, project_id) as seats_bought
    from unioned

),

shares as (

    select
        usage_date,
        project_id,
        email,
        cast(
            case when seats is null then seat_number - 1 else holders end as int64
        ) as share_from,
        cast(coalesce(seats, seat_number) as int64) as share_to,
        cast(greatest(holders, coalesce(seats_bought, 0)) as int64) as share_whole
    from numbered
    where
        seats is null
        or (holders > 0 and holders < seats)

)

select * from shares
