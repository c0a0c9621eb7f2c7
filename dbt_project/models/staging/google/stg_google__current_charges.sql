-- GRAIN: one row per charge of an AI tool, as last exported
with charges as (

    select * from {{ ref('stg_google__charges') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'google'
        and resource = 'billing_export'

),

current_charges as (

    select charges.*
    from charges
    inner join windows
        on
            charges.organization = windows.organization
            and charges.export_date = windows.window_start
            and charges.load_id = windows.load_id

)

select * from current_charges
