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
        sum(subscriptions.seats) as seats
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

numbered as (

    select
        usage_date,
        project_id,
        email,
        row_number() over (partition by usage_date, project_id order by email)
            as share_to,
        count(*) over (partition by usage_date, project_id) as holders
    from held

),

shares as (

    select
        numbered.usage_date,
        numbered.project_id,
        numbered.email,
        numbered.share_to - 1 as share_from,
        numbered.share_to,
        cast(greatest(numbered.holders, coalesce(bought.seats, 0)) as int64)
            as share_whole
    from numbered
    left join bought
        on
            numbered.usage_date = bought.usage_date
            and numbered.project_id = bought.project_id

),

holders as (

    select
        usage_date,
        project_id,
        share_whole,
        max(share_to) as seats_held
    from shares
    group by usage_date, project_id, share_whole

),

unassigned as (

    select
        usage_date,
        project_id,
        cast(null as {{ dbt.type_string() }}) as email,
        seats_held as share_from,
        share_whole as share_to,
        share_whole
    from holders
    where seats_held < share_whole

),

unioned as (

    select * from shares

    union all

    select * from unassigned

)

select * from unioned
