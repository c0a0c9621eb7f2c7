-- GRAIN: one row per person and version; a person's versions neither overlap nor leave
-- a gap
with employees as (

    select * from {{ ref('stg_google_sheets__employees') }}

),

counted as (

    select
        employees.*,
        count(*)
            over (partition by employees.email, employees.snapshot_date)
            as rows_of_person,
        max(employees.snapshot_date)
            over (partition by employees.email)
            as last_snapshot_date,
        max(employees.snapshot_date) over () as newest_snapshot_date,
        min(employees.snapshot_date)
            over (partition by employees.email)
            as first_snapshot_date
    from employees
    where employees.email is not null

),

newest_form as (

    select
        counted.*,
        max(
            case
                when
                    counted.snapshot_date = counted.last_snapshot_date
                    then counted.rows_of_person
            end
        ) over (partition by counted.email) as rows_in_newest_form
    from counted

),

-- Several rows with dates: the sheet itself says when which of them was true.
dated as (

    select
        email,
        full_name,
        department,
        team,
        manager_email,
        cost_center,
        job_title,
        user_type,
        ai_budget_monthly_usd,
        end_date,
        last_snapshot_date = newest_snapshot_date as is_on_roster,
        coalesce(start_date, {{ beginning_of_time() }}) as version_date
    from newest_form
    where
        rows_in_newest_form > 1
        and snapshot_date = last_snapshot_date

),

-- One row: an edit is a new version on the day it was seen.
seen as (

    select
        email,
        full_name,
        department,
        team,
        manager_email,
        cost_center,
        job_title,
        user_type,
        ai_budget_monthly_usd,
        end_date,
        last_snapshot_date = newest_snapshot_date as is_on_roster,
        snapshot_date as version_date
    from newest_form
    where rows_in_newest_form = 1
    qualify row_number() over (
        partition by email, snapshot_date
        order by start_date desc nulls last, sheet_row desc
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
            'job_title', 'user_type', 'ai_budget_monthly_usd',
        ]) }} as attributes_hash
    from unioned

),

-- The newest end date counts for the whole person: it makes no version of its own.
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
        user_type,
        ai_budget_monthly_usd,
        is_on_roster,
        last_end_date,
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

select * from spans
