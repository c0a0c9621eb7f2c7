-- GRAIN: one row per day of usage, and load that changed what it cost
-- A day of usage has a new version with every load that brings rows of it, or replaces
-- rows of it, whatever days they were exported on.
with changes as (

    select * from {{ ref('stg_google__charge_changes') }}

),

loads as (

    select
        organization,
        usage_date,
        load_id,
        loaded_at,
        sum(records) as records_added
    from changes
    group by organization, usage_date, load_id, loaded_at

),

versions as (

    select
        'costs' as resource,
        organization,
        load_id,
        cast(
            sum(records_added) over (
                partition by organization, usage_date
                order by loaded_at, load_id
            ) as int64
        ) as records,
        usage_date as window_start,
        loaded_at,
        cast(null as {{ dbt.type_string() }}) as superseded_by
    from loads

)

select * from versions
