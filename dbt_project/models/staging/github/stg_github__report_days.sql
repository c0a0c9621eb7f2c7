-- GRAIN: one row per day of charges before seats were first listed
-- The first list of seats divides what was billed for the days before it, which are
-- built again when it comes.
with windows as (

    select * from {{ ref('stg_windows') }}
    where source_name = 'github'

),

first_lists as (

    select
        organization,
        load_id,
        records,
        window_start,
        loaded_at
    from windows
    where resource = 'copilot_seats'
    qualify row_number() over (partition by organization order by window_start) = 1

),

report_days as (

    select
        'seat_shares' as resource,
        first_lists.organization,
        first_lists.load_id,
        first_lists.records,
        windows.window_start,
        windows.window_end,
        first_lists.loaded_at
    from first_lists
    inner join windows
        on
            first_lists.organization = windows.organization
            and first_lists.window_start > windows.window_start
    where windows.resource = 'billing_usage'

)

select * from report_days
