with records as (

    select * from {{ ref('base_anthropic__analytics_costs') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'anthropic'
        and resource = 'analytics_cost'

),

current_records as (

    select
        -- ids
        records.record_id,
        records.organization,
        records.actor_email,
        records.actor_user_id,
        records.service_account_id,
        records.federated_subject,
        records.api_key_id,
        records.workspace_id,
        -- strings
        records.actor_type,
        records.product,
        records.model,
        records.cost_type,
        records.token_type,
        records.currency,
        -- numerics
        records.list_cost_usd,
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
