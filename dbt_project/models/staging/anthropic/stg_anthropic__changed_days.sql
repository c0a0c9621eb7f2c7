-- GRAIN: one row per day of which a legacy report was landed, or an exchange rate
-- changed, since the last run
with last_run as (

    {{ last_completed_run() }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'anthropic'
        and resource in ('cost_report', 'usage_report_messages')

),

changed_rates as (

    select * from {{ ref('stg_changed_rates') }}

),

changed as (

    select windows.window_start as changed_date
    from last_run
    inner join windows
        on last_run.loads_through < windows.loaded_at

    union distinct

    select windows.window_start as changed_date
    from changed_rates
    inner join windows
        on changed_rates.changed_from <= windows.window_start

)

select * from changed
