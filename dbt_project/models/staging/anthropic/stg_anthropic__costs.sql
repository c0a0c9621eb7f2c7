with records as (

    select * from {{ ref('base_anthropic__costs') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'anthropic'
        and resource = 'cost_report'

),

current_records as (

    select
        -- ids
        records.record_id,
        records.organization,
        records.workspace_id,
        -- strings
        records.description,
        records.model,
        records.cost_type,
        records.token_type,
        records.service_tier,
        records.context_window,
        records.currency,
        -- numerics
        records.billed_cost_usd,
        records.billed_cost_in_currency,
        -- dates
        records.cost_date
    from records
    inner join windows
        on
            records.organization = windows.organization
            and records.cost_date = windows.window_start
            and records.load_id = windows.load_id

)

select * from current_records
