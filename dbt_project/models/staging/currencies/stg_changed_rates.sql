-- GRAIN: one row, or none: the first day of which a rate changed since the last run
with last_run as (

    {{ last_completed_run() }}

),

loads as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'google_sheets'
        and resource = 'exchange_rates'

),

rates as (

    select * from {{ ref('stg_google_sheets__exchange_rates') }}

),

new_loads as (

    select min(loads.window_start) as first_snapshot
    from last_run
    inner join loads
        on last_run.loads_through < loads.loaded_at

),

changed as (

    select min(rates.valid_from) as changed_from
    from new_loads
    inner join rates
        on
            new_loads.first_snapshot <= rates.seen_from
            or (
                new_loads.first_snapshot <= rates.seen_to
                and rates.seen_to < {{ end_of_time() }}
            )

)

select * from changed
where changed_from is not null
