{{ config(materialized='table') }}

-- GRAIN: one row per model, day that it must build again, and reason
with build_log as (

    select
        model_name,
        max(loads_through) as loads_through
    from {{ source('build', 'build_log') }}
    group by model_name

),

loads as (

    select
        load_id,
        cast(inserted_at as {{ dbt.type_timestamp() }}) as loaded_at
    from {{ source('raw_product', '_dlt_loads') }}
    where status = 0

),

events as (

    select distinct
        load_id,
        usage_date
    from {{ ref('base_product__usage_events') }}

),

windows as (

    select * from {{ ref('base_product__windows') }}
    where resource = 'daily_activity'

),

landed_days as (

    select
        loads.loaded_at,
        events.usage_date as landed_date
    from loads
    inner join events
        on loads.load_id = events.load_id

    union all

    select
        loaded_at,
        window_start as landed_date
    from windows

),

changed as (

    select distinct
        build_log.model_name,
        landed_days.landed_date as changed_date,
        'the product database reported it' as reason
    from build_log
    inner join landed_days
        on build_log.loads_through < landed_days.loaded_at

)

select * from changed
