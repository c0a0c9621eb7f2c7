{{ config(materialized='table') }}

-- GRAIN: one row per day to build again, and reason
with last_run as (

    {{ last_completed_run() }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'product'
        and {{ is_daily() }}

),

days as (

    select * from {{ ref('int_days') }}

),

reported_days as (

    select
        windows.window_start as changed_date,
        'the product database reported it' as reason
    from last_run
    inner join windows
        on last_run.loads_through < windows.loaded_at

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
        changed_date,
        reason
    from unioned

)

select * from deduplicated
