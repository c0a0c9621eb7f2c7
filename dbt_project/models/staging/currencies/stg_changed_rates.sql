-- GRAIN: one row, or none: the first day of which a rate changed since the last run
-- Compares all versions of the tab since then, also those that a later one of the same
-- day replaced: the last run was built from the newest before it, and a run that did
-- not complete may have built days from any other.
{{ completed_versions('google_sheets') }},

last_run as (

    {{ last_completed_run() }}

),

tab_versions as (

    select
        completed.organization,
        completed.window_start,
        completed.load_id,
        completed.loaded_at,
        last_run.loads_through < completed.loaded_at as is_new
    from last_run
    cross join completed
    where completed.resource = 'exchange_rates'

),

numbered as (

    select
        *,
        row_number() over (
            partition by organization, is_new
            order by window_start desc, loaded_at desc, load_id desc
        ) as version_number
    from tab_versions

),

compared as (

    select * from numbered
    where
        is_new
        or version_number = 1

),

-- What the last run had counts as a version even if there was no tab.
counted as (

    select
        organization,
        1 + sum(case when is_new then 1 else 0 end) as versions
    from compared
    group by organization

),

records as (

    select * from {{ source('raw_google_sheets', 'exchange_rates') }}

),

-- A payload has the number of its row, so that a version has it once.
rates as (

    select
        compared.organization,
        records.payload,
        count(*) as versions
    from compared
    inner join records
        on
            compared.organization = records.organization
            and compared.window_start = records.window_start
            and compared.load_id = records._dlt_load_id
    group by compared.organization, records.payload

),

-- Those that not every version has.
differing as (

    select rates.payload
    from rates
    inner join counted
        on rates.organization = counted.organization
    where rates.versions < counted.versions

),

changed as (

    select min({{ json_date('valid_from') }}) as changed_from
    from differing

)

select * from changed
where changed_from is not null
