{{ config(materialized='table') }}

-- GRAIN: one row per person and version; a person's versions do not overlap and leave
-- no gap
with employees as (

    select * from {{ ref('stg_google_sheets__employees') }}

),

-- The newest information about a person is in the last snapshot that lists them.
marked as (

    select
        *,
        seen_to = max(seen_to) over (partition by email) as is_newest_form,
        max(seen_to) over (partition by email) = {{ end_of_time() }} as is_on_roster
    from employees
    where email is not null

),

counted as (

    select
        *,
        sum(case when is_newest_form then 1 else 0 end)
            over (partition by email)
            as rows_in_newest_form,
        min(
            case
                when is_newest_form
                    then coalesce(start_date, {{ beginning_of_time() }})
            end
        ) over (partition by email) as on_roster_from,
        max(seen_to) over (partition by email) as last_seen_to
    from marked

),

-- Several rows with dates: the sheet itself says when each of them was valid. If two
-- begin on the same day, the one that ends later wins.
dated as (

    select
        email,
        full_name,
        department,
        team,
        manager_email,
        cost_center,
        job_title,
        employment_type,
        ai_budget_monthly_usd,
        end_date,
        is_on_roster,
        on_roster_from,
        last_seen_to,
        coalesce(start_date, {{ beginning_of_time() }}) as version_date
    from counted
    where
        rows_in_newest_form > 1
        and is_newest_form
    qualify row_number() over (
        partition by email, coalesce(start_date, {{ beginning_of_time() }})
        order by coalesce(end_date, {{ end_of_time() }}) desc, sheet_row desc
    ) = 1

),

-- A single row: an edit is a new version as of the day it was seen.
edits as (

    select
        email,
        seen_from as version_date
    from counted
    where rows_in_newest_form = 1

    union distinct

    select
        email,
        seen_to as version_date
    from counted
    where rows_in_newest_form = 1

),

seen as (

    select
        counted.email,
        counted.full_name,
        counted.department,
        counted.team,
        counted.manager_email,
        counted.cost_center,
        counted.job_title,
        counted.employment_type,
        counted.ai_budget_monthly_usd,
        counted.end_date,
        counted.is_on_roster,
        counted.on_roster_from,
        counted.last_seen_to,
        edits.version_date
    from edits
    inner join counted
        on
            edits.email = counted.email
            and edits.version_date >= counted.seen_from
            and edits.version_date < counted.seen_to
    qualify row_number() over (
        partition by edits.email, edits.version_date
        order by counted.start_date desc nulls last, counted.sheet_row desc
    ) = 1

),

unioned as (

    select * from dated

    union all

    select * from seen

),

hashed as (

    select
        *,
        {{ surrogate_key([
            'full_name', 'department', 'team', 'manager_email', 'cost_center',
            'job_title', 'employment_type', decimal_to_text('ai_budget_monthly_usd'),
        ]) }} as attributes_hash
    from unioned

),

-- The newest end date counts for the whole person and does not begin a version.
compared as (

    select
        hashed.*,
        lag(hashed.attributes_hash) over (
            partition by hashed.email order by hashed.version_date
        ) as previous_hash,
        last_value(hashed.end_date) over (
            partition by hashed.email
            order by hashed.version_date
            rows between unbounded preceding and unbounded following
        ) as last_end_date
    from hashed

),

versions as (

    select
        email,
        full_name,
        department,
        team,
        manager_email,
        cost_center,
        job_title,
        employment_type,
        ai_budget_monthly_usd,
        is_on_roster,
        last_end_date,
        on_roster_from,
        -- A person who disappears from the sheet without a last day has left as of the
        -- first snapshot without them.
        case
            when last_end_date is null then last_seen_to
            else least({{ add_days('last_end_date', 1) }}, last_seen_to)
        end as on_roster_to,
        attributes_hash,
        case
            when
                row_number() over (partition by email order by version_date) = 1
                then {{ beginning_of_time() }}
            else version_date
        end as valid_from
    from compared
    where
        previous_hash is null
        or previous_hash != attributes_hash

),

spans as (

    select
        *,
        coalesce(
            lead(valid_from) over (partition by email order by valid_from),
            {{ end_of_time() }}
        ) as valid_to
    from versions

)

-- A row dated at the end of time never begins.
select * from spans
where valid_from < valid_to
