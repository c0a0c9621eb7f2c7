-- GRAIN: one row per day of exports that was landed since the last run
with last_run as (

    {{ last_completed_run() }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'google'
        and resource in ('billing_export', 'project_totals')

),

changed as (

    select distinct windows.window_start as changed_date
    from last_run
    inner join windows
        on last_run.loads_through < windows.loaded_at

)

select * from changed
