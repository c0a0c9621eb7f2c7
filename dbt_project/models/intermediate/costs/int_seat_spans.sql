{{ config(materialized='table') }}

-- GRAIN: one row per platform, seat holder, plan and span of days at one price; if the
-- plan is billed by the year, within one year
-- Cursor bills no seat for unpaid admins, from the day on which they have that role.
with members as (

    select * from {{ ref('stg_cursor__members') }}
    where
        not is_removed
        and coalesce(role, '') != 'free-owner'

),

windows as (

    select * from {{ ref('int_windows') }}

),

days as (

    select * from {{ ref('int_days') }}

),

newest_plans as (

    select
        *,
        coalesce(valid_from, {{ beginning_of_time() }}) as plan_from
    from {{ ref('stg_google_sheets__seat_plans') }}
    where seen_to = {{ end_of_time() }}

),

-- A price is valid until its last day, or until the next price begins. If two begin on
-- the same day, the one that ends later wins.
plans as (

    select
        *,
        least(
            coalesce({{ add_days('valid_to', 1) }}, {{ end_of_time() }}),
            coalesce(
                lead(plan_from) over (
                    partition by platform, plan
                    order by
                        plan_from,
                        coalesce(valid_to, {{ end_of_time() }}),
                        sheet_row
                ),
                {{ end_of_time() }}
            )
        ) as plan_to
    from newest_plans

),

newest_assignments as (

    select
        *,
        coalesce(assigned_from, {{ beginning_of_time() }}) as held_from
    from {{ ref('stg_google_sheets__seat_assignments') }}
    where
        email is not null
        and seen_to = {{ end_of_time() }}

),

assignments as (

    select
        *,
        least(
            coalesce({{ add_days('assigned_to', 1) }}, {{ end_of_time() }}),
            coalesce(
                lead(held_from) over (
                    partition by platform, email
                    order by
                        held_from,
                        coalesce(assigned_to, {{ end_of_time() }}),
                        sheet_row
                ),
                {{ end_of_time() }}
            )
        ) as held_to
    from newest_assignments

),

first_list as (

    select min(window_start) as snapshot_date
    from windows
    where
        source_name = 'cursor'
        and resource = 'members'

),

-- The list does not say who had a seat before members were first listed. That follows
-- from the roster and from who used Cursor.
aliases as (

    select * from {{ ref('stg_google_sheets__email_aliases') }}
    where
        alias is not null
        and email is not null
        and seen_to = {{ end_of_time() }}
    qualify row_number() over (partition by alias order by email) = 1

),

roster as (

    select
        email,
        min(on_roster_from) as on_roster_from,
        max(on_roster_to) as on_roster_to
    from {{ ref('int_people') }}
    group by email

),

early_uses as (

    select
        actor_email as email,
        min(usage_date) as first_use,
        {{ add_days('max(usage_date)', 1) }} as last_use_to
    from {{ ref('stg_cursor__early_use_days') }}
    group by actor_email

),

first_listed as (

    select distinct members.email
    from members
    inner join first_list
        on members.seen_from = first_list.snapshot_date

),

known_by_mail as (

    select email from first_listed

    union distinct

    select email from early_uses

),

early_spans as (

    select
        known_by_mail.email,
        early_uses.first_use,
        early_uses.last_use_to,
        roster.on_roster_to,
        first_list.snapshot_date,
        first_listed.email is not null as is_listed,
        least(
            coalesce(
                roster.on_roster_from, early_uses.first_use, first_list.snapshot_date
            ),
            coalesce(early_uses.first_use, first_list.snapshot_date),
            first_list.snapshot_date
        ) as seen_from
    from known_by_mail
    cross join first_list
    left join first_listed
        on known_by_mail.email = first_listed.email
    left join early_uses
        on known_by_mail.email = early_uses.email
    left join aliases
        on known_by_mail.email = aliases.alias
    left join roster
        on coalesce(aliases.email, known_by_mail.email) = roster.email

),

present as (

    select
        members.email,
        members.seen_to,
        coalesce(members.email, members.member_id) as holder,
        case
            when members.seen_from = first_list.snapshot_date
                then coalesce(early_spans.seen_from, members.seen_from)
            else members.seen_from
        end as seen_from
    from members
    cross join first_list
    left join early_spans
        on members.email = early_spans.email

    union all

    -- People who left before the first list had a seat until the roster's last day. For
    -- others who are not on it, only their use says that they had one.
    select
        email,
        case
            when on_roster_to <= snapshot_date then greatest(on_roster_to, last_use_to)
            else last_use_to
        end as seen_to,
        email as holder,
        case
            when on_roster_to <= snapshot_date then seen_from
            else first_use
        end as seen_from
    from early_spans
    where not is_listed

),

-- What the directory says about a member may change while they are a member, and a
-- member may be listed twice.
continued as (

    select
        *,
        seen_from <= max(seen_to) over (
            partition by holder
            order by seen_from, seen_to
            rows between unbounded preceding and 1 preceding
        ) as is_continued
    from present

),

numbered as (

    select
        *,
        sum(case when is_continued then 0 else 1 end) over (
            partition by holder
            order by seen_from, seen_to
            rows between unbounded preceding and current row
        ) as stay
    from continued

),

member_spans as (

    select
        holder,
        email,
        min(seen_from) as seen_from,
        max(seen_to) as seen_to
    from numbered
    group by holder, email, stay

),

-- A Cursor seat is on the plan that the sheet assigns for the day, otherwise on the
-- first plan listed. If none is listed any more, on the one that was: it has no price
-- then, so that seats_have_a_price names the seats.
first_cursor_plan as (

    select plan
    from {{ ref('stg_google_sheets__seat_plans') }}
    where platform = 'cursor'
    qualify row_number() over (order by seen_to desc, sheet_row asc) = 1

),

assigned_members as (

    select
        member_spans.holder,
        member_spans.email,
        assignments.plan,
        greatest(member_spans.seen_from, assignments.held_from) as held_from,
        least(member_spans.seen_to, assignments.held_to) as held_to
    from member_spans
    inner join assignments
        on
            member_spans.email = assignments.email
            and member_spans.seen_from < assignments.held_to
            and member_spans.seen_to > assignments.held_from
    where assignments.platform = 'cursor'

),

-- The parts of each span without an assignment: before each assignment, and after the
-- last.
unassigned_members as (

    select
        member_spans.holder,
        member_spans.email,
        coalesce(
            lag(assigned_members.held_to) over (
                partition by member_spans.holder, member_spans.seen_from
                order by assigned_members.held_from
            ),
            member_spans.seen_from
        ) as held_from,
        coalesce(assigned_members.held_from, member_spans.seen_to) as held_to
    from member_spans
    left join assigned_members
        on
            member_spans.holder = assigned_members.holder
            and member_spans.seen_from <= assigned_members.held_from
            and member_spans.seen_to > assigned_members.held_from

    union all

    select
        member_spans.holder,
        member_spans.email,
        max(assigned_members.held_to) as held_from,
        member_spans.seen_to as held_to
    from member_spans
    inner join assigned_members
        on
            member_spans.holder = assigned_members.holder
            and member_spans.seen_from <= assigned_members.held_from
            and member_spans.seen_to > assigned_members.held_from
    group by
        member_spans.holder,
        member_spans.email,
        member_spans.seen_from,
        member_spans.seen_to

),

cursor_holders as (

    select
        'cursor' as platform,
        holder,
        email,
        plan,
        held_from,
        held_to
    from assigned_members

    union all

    select
        'cursor' as platform,
        unassigned_members.holder,
        unassigned_members.email,
        first_cursor_plan.plan,
        unassigned_members.held_from,
        unassigned_members.held_to
    from unassigned_members
    cross join first_cursor_plan
    where unassigned_members.held_from < unassigned_members.held_to

),

-- Cursor says who has a seat. Without its list of members, the sheet does.
assigned_holders as (

    select
        assignments.platform,
        assignments.email as holder,
        assignments.email,
        assignments.plan,
        assignments.held_from,
        assignments.held_to
    from assignments
    cross join first_list
    where
        assignments.platform != 'cursor'
        or first_list.snapshot_date is null

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

-- Days for which a plan has no price: before, between and after its prices, or all days
-- if it is not listed.
unpriced as (

    select
        platform,
        plan,
        coalesce(
            lag(plan_to) over (partition by platform, plan order by plan_from),
            {{ beginning_of_time() }}
        ) as plan_from,
        plan_from as plan_to
    from plans

    union all

    select
        platform,
        plan,
        max(plan_to) as plan_from,
        {{ end_of_time() }} as plan_to
    from plans
    group by platform, plan

    union all

    select distinct
        holders.platform,
        holders.plan,
        {{ beginning_of_time() }} as plan_from,
        {{ end_of_time() }} as plan_to
    from holders
    left join plans
        on
            holders.platform = plans.platform
            and holders.plan = plans.plan
    where plans.plan is null

),

prices as (

    select
        platform,
        plan,
        plan_from,
        plan_to,
        billing_cycle,
        seat_price_usd,
        renews_on
    from plans

    union all

    select
        platform,
        plan,
        plan_from,
        plan_to,
        'monthly' as billing_cycle,
        cast(null as {{ type_money() }}) as seat_price_usd,
        cast(null as date) as renews_on
    from unpriced

),

priced as (

    select
        holders.platform,
        holders.holder,
        holders.email,
        holders.plan,
        holders.held_from,
        prices.billing_cycle,
        prices.seat_price_usd,
        prices.renews_on,
        greatest(holders.held_from, prices.plan_from) as valid_from,
        least(holders.held_to, prices.plan_to) as valid_to
    from holders
    inner join prices
        on
            holders.platform = prices.platform
            and holders.plan = prices.plan
            and holders.held_from < prices.plan_to
            and holders.held_to > prices.plan_from
    where
        prices.plan_from < prices.plan_to
        and holders.held_from < holders.held_to

),

monthly_spans as (

    select
        platform,
        holder,
        email,
        plan,
        billing_cycle,
        seat_price_usd,
        valid_from,
        valid_to,
        cast(null as date) as cycle_start,
        cast(null as date) as cycle_end
    from priced
    where billing_cycle != 'annual'

),

-- A year begins on the day on which the plan renews, else on the day on which the
-- seat was first held, each year anew.
anchored as (

    select
        *,
        coalesce(
            renews_on,
            min(valid_from) over (partition by platform, holder, plan, held_from)
        ) as cycle_anchor
    from priced
    where billing_cycle = 'annual'

),

years as (

    select distinct extract(year from date_day) as year_number
    from days
    where date_day < {{ as_of_date() }}

),

cycles as (

    select
        anchored.*,
        {{ add_months(
            'anchored.cycle_anchor',
            '12 * (years.year_number - extract(year from anchored.cycle_anchor))'
        ) }} as cycle_start,
        {{ add_months(
            'anchored.cycle_anchor',
            '12 * (years.year_number + 1 - extract(year from anchored.cycle_anchor))'
        ) }} as cycle_end
    from anchored
    cross join years

),

-- The price of a year is that of its first day.
annual_spans as (

    select
        platform,
        holder,
        email,
        plan,
        billing_cycle,
        seat_price_usd,
        greatest(valid_from, cycle_start) as valid_from,
        least(
            cycle_end,
            max(valid_to) over (
                partition by platform, holder, plan, held_from, cycle_start
            )
        ) as valid_to,
        cycle_start,
        cycle_end
    from cycles
    where
        valid_from < cycle_end
        and valid_to > cycle_start
        and cycle_start < {{ as_of_date() }}
    qualify row_number() over (
        partition by platform, holder, plan, held_from, cycle_start order by valid_from
    ) = 1

),

spans as (

    select * from monthly_spans

    union all

    select * from annual_spans

)

select * from spans
