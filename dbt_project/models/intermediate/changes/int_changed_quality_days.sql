{{ config(materialized='table', tags=['every_run']) }}

-- GRAIN: one row per model, day whose quality it must judge again, and reason
-- What is expected of a day, and when it was last asked for, goes on changing after its
-- records have stopped to.
with changed_days as (

    select * from {{ ref('int_changed_days') }}

),

build_log as (

    select
        model_name,
        max(loads_through) as loads_through,
        max(as_of_date) as as_of_date
    from {{ source('build', 'build_log') }}
    group by model_name

),

positions as (

    select * from {{ ref('int_build_positions') }}

),

days as (

    select * from {{ ref('int_days') }}
    where
        date_day >= {{ judged_since() }}
        and date_day < {{ as_of_date() }}

),

judged_days as (

    select
        build_log.model_name,
        days.date_day as changed_date,
        'its quality is still judged' as reason
    from build_log
    inner join positions
        on
            build_log.loads_through < positions.loads_through
            or build_log.as_of_date < positions.as_of_date
    cross join days

),

unioned as (

    select
        model_name,
        changed_date,
        reason
    from changed_days

    union all

    select
        model_name,
        changed_date,
        reason
    from judged_days

)

select * from unioned
