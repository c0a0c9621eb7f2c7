-- GRAIN: one row per platform, seat holder, plan and span of days at one price
with members as (

    select * from {{ ref('stg_cursor__members') }}

),

windows as (

    select * from {{ ref('int_windows') }}

),

plans as (

    select
        *,
        coalesce(valid_from, {{ beginning_of_time() }}) as plan_from,
        case
            when valid_to is null then {{ end_of_time() }}
            else {{ add_days('valid_to', 1) }}
        end as plan_to
    from {{ ref('stg_google_sheets__seat_plans') }}
    qualify snapshot_date = max(snapshot_date) over ()

),

assignments as (

    select * from {{ ref('stg_google_sheets__seat_assignments') }}
    qualify snapshot_date = max(snapshot_date) over ()

),

-- The first snapshot stands for the days before it as well.
snapshots as (

    select
        window_start as snapshot_date,
        row_number() over (order by window_start) as snapshot_number,
        case
            when row_number() over (order by window_start) = 1
                then {{ beginning_of_time() }}
            else window_start
        end as seen_from,
        coalesce(
            lead(window_start) over (order by window_start), {{ end_of_time() }}
        ) as seen_to
    from windows
    where
        source_name = 'cursor'
        and resource = 'members'

),

present as (

    select
        members.email,
        snapshots.snapshot_number,
        snapshots.seen_from,
        snapshots.seen_to,
        coalesce(members.email, members.member_id) as holder
    from members
    inner join snapshots
        on members.snapshot_date = snapshots.snapshot_date
    where not members.is_removed
    qualify row_number() over (
        partition by
            coalesce(members.email, members.member_id), snapshots.snapshot_number
        order by members.record_id
    ) = 1

),

numbered as (

    select
        *,
        snapshot_number - row_number() over (
            partition by holder order by snapshot_number
        ) as island
    from present

),

member_spans as (

    select
        holder,
        email,
        min(seen_from) as seen_from,
        max(seen_to) as seen_to
    from numbered
    group by holder, email, island

),

-- A Cursor seat is on the plan that the sheet assigns, else on the first plan listed.
first_cursor_plan as (

    select plan
    from plans
    where platform = 'cursor'
    qualify row_number() over (order by sheet_row) = 1

),

assigned_cursor_plans as (

    select
        email,
        plan
    from assignments
    where platform = 'cursor'
    qualify row_number() over (
        partition by email order by assigned_from desc nulls last, sheet_row desc
    ) = 1

),

cursor_holders as (

    select
        'cursor' as platform,
        member_spans.holder,
        member_spans.email,
        member_spans.seen_from as held_from,
        member_spans.seen_to as held_to,
        coalesce(assigned_cursor_plans.plan, first_cursor_plan.plan) as plan
    from member_spans
    cross join first_cursor_plan
    left join assigned_cursor_plans
        on member_spans.email = assigned_cursor_plans.email

),

assigned_holders as (

    select
        platform,
        email as holder,
        email,
        coalesce(assigned_from, {{ beginning_of_time() }}) as held_from,
        case
            when assigned_to is null then {{ end_of_time() }}
            else {{ add_days('assigned_to', 1) }}
        end as held_to,
        plan
    from assignments
    where
        platform != 'cursor'
        and email is not null

),

holders as (

    select
        platform,
        holder,
        email,
        plan,
        held_from,
        held_to
    from cursor_holders

    union all

    select
        platform,
        holder,
        email,
        plan,
        held_from,
        held_to
    from assigned_holders

),

spans as (

    select
        holders.platform,
        holders.holder,
        holders.email,
        holders.plan,
        plans.seat_price_usd,
        case plans.billing_cycle when 'annual' then 'annual' else 'monthly' end
            as billing_cycle,
        greatest(holders.held_from, plans.plan_from) as valid_from,
        least(holders.held_to, plans.plan_to) as valid_to
    from holders
    inner join plans
        on
            holders.platform = plans.platform
            and holders.plan = plans.plan
            and holders.held_from < plans.plan_to
            and holders.held_to > plans.plan_from

)

select * from spans
