-- GRAIN: one row per day of which use or charges were landed since the last run, or
-- charges that a first list of seats divides
with last_run as (

    {{ last_completed_run() }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'github'
        and resource in ('copilot_users', 'billing_usage', 'ai_credits')

),

divided_days as (

    select * from {{ ref('stg_github__report_days') }}

),

landed as (

    select
        window_start,
        loaded_at
    from windows

    union all

    select
        window_start,
        loaded_at
    from divided_days

),

changed as (

    select distinct landed.window_start as changed_date
    from last_run
    inner join landed
        on last_run.loads_through < landed.loaded_at

)

select * from changed
