-- GRAIN: one row per billed line, as last reported
with charges as (

    select * from {{ ref('stg_github__charges') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'github'
        and resource = 'billing_usage'

),

current_charges as (

    select charges.*
    from charges
    inner join windows
        on
            charges.organization = windows.organization
            and charges.cost_date = windows.window_start
            and charges.load_id = windows.load_id

)

select * from current_charges
