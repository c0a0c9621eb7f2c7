{{ config(materialized='table') }}

-- GRAIN: one row per model, day that it must build again, and reason
with build_log as (

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

windows as (

    select * from {{ ref('base_product__windows') }}
    where {{ is_daily() }}

),

days as (

    select * from {{ ref('int_days') }}

),

reported_days as (

    select
        build_log.model_name,
        windows.window_start as changed_date,
        'the product database reported it' as reason
    from build_log
    inner join windows
        on build_log.loads_through < windows.loaded_at

),

-- A day on which nobody did anything is the end of thirty days too.
elapsed_days as (

    {{ elapsed_days() }}

),

unioned as (

    select * from reported_days

    union all

    select * from elapsed_days

),

deduplicated as (

    select distinct
        model_name,
        changed_date,
        reason
    from unioned

)

select * from deduplicated
