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
        coalesce(start_date, {{ beginning_of_time() }}) as row_from,
        -- A person who disappears from the sheet without a last day has left as of the
        -- first snapshot without them.
        least(
            coalesce({{ add_days('end_date', 1) }}, {{ end_of_time() }}),
            max(seen_to) over (partition by email)
        ) as row_to
    from employees
    where email is not null

),

counted as (

    select
        *,
        sum(case when is_newest_form then 1 else 0 end)
            over (partition by email)
            as rows_in_newest_form,
        min(case when is_newest_form then row_from end)
            over (partition by email)
            as newest_from,
        max(case when is_newest_form then row_to end)
            over (partition by email)
            as newest_to
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
        row_from,
        row_to,
        row_from as version_date
    from counted
    where
        rows_in_newest_form > 1
        and is_newest_form
    qualify row_number() over (
        partition by email, row_from
        order by coalesce(end_date, {{ end_of_time() }}) desc, sheet_row desc
    ) = 1

),

-- A single row: an edit is a new version as of the day it was seen. The newest first
-- and last day count for all versions.
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
        counted.newest_from as row_from,
        counted.newest_to as row_to,
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

-- Who comes back after a gap begins a version, even if nothing else is new.
compared as (

    select
        *,
        lag(attributes_hash) over (partition by email order by version_date)
            as previous_hash,
        coalesce(
            row_from > lag(row_to) over (partition by email order by version_date),
            false
        ) as comes_back
    from hashed

),

numbered as (

    select
        *,
        sum(case when comes_back then 1 else 0 end) over (
            partition by email
            order by version_date
            rows between unbounded preceding and current row
        ) as stint
    from compared

),

-- Rows without a gap are one stint at the company, which ends as the last of them says.
stints as (

    select
        *,
        min(row_from) over (partition by email, stint) as on_roster_from,
        last_value(row_to) over (
            partition by email, stint
            order by version_date
            rows between unbounded preceding and unbounded following
        ) as on_roster_to
    from numbered

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
        on_roster_from,
        on_roster_to,
        attributes_hash,
        case
            when
                row_number() over (partition by email order by version_date) = 1
                then {{ beginning_of_time() }}
            else version_date
        end as valid_from
    from stints
    where
        previous_hash is null
        or previous_hash != attributes_hash
        or comes_back

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
