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

landed_days as (

    select
        load_id,
        usage_date as landed_date
    from {{ ref('base_product__usage_events') }}

    union all

    select
        load_id,
        activity_date as landed_date
    from {{ ref('base_product__daily_activities') }}

),

changed as (

    select distinct
        build_log.model_name,
        landed_days.landed_date as changed_date,
        'the product database reported it' as reason
    from build_log
    inner join loads
        on build_log.loads_through < loads.loaded_at
    inner join landed_days
        on loads.load_id = landed_days.load_id

)

select * from changed
