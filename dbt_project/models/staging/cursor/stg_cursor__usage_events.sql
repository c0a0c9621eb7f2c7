with records as (

    select * from {{ ref('base_cursor__usage_events') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'cursor'
        and resource = 'usage_events'

),

current_records as (

    select
        -- ids
        records.record_id,
        records.organization,
        records.actor_email,
        records.service_account_id,
        -- strings
        records.model,
        records.kind,
        records.kind_code,
        -- numerics
        records.uncached_input_tokens,
        records.cache_read_tokens,
        records.cache_write_tokens,
        records.output_tokens,
        records.model_cost_usd,
        records.token_fee_usd,
        records.discount_percent,
        records.charged_usd,
        -- booleans
        records.is_max_mode,
        records.is_headless,
        -- dates
        records.usage_date,
        -- timestamps
        records.occurred_at
    from records
    inner join windows
        on
            records.organization = windows.organization
            and records.usage_date = windows.window_start
            and records.load_id = windows.load_id

)

select * from current_records
