-- GRAIN: one row per version of a person and the days of it on which the person was with
-- the company
with people as (

    select * from {{ ref('int_people') }}

),

employees as (

    select * from {{ ref('stg_google_sheets__employees') }}
    where email is not null

),

marked as (

    select
        *,
        max(seen_to) over (partition by email) as last_seen_to,
        min(seen_from) over () as first_snapshot_date
    from employees

),

-- The roster's first snapshot stands for the days before it; who has no start date and
-- shows later has been there since then.
employments as (

    select
        email,
        coalesce(
            min(case when seen_to = last_seen_to then start_date end),
            case
                when min(seen_from) = min(first_snapshot_date)
                    then {{ beginning_of_time() }}
                else min(seen_from)
            end
        ) as employed_from,
        max(seen_to) as listed_to
    from marked
    group by email

),

spans as (

    select
        people.email as user_email,
        people.department,
        greatest(people.valid_from, employments.employed_from) as on_roster_from,
        least(
            people.valid_to,
            employments.listed_to,
            coalesce({{ add_days('people.last_end_date', 1) }}, {{ end_of_time() }})
        ) as on_roster_to
    from people
    inner join employments
        on people.email = employments.email

),

employed as (

    select * from spans
    where on_roster_from < on_roster_to

)

select * from employed
