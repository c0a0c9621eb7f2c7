-- GRAIN: one row per record of the report that counts for its day, as last reported
-- Both reports are of the same dollars. The one by key or user counts on the days on
-- which OpenAI gave it.
with records as (

    select * from {{ ref('base_openai__costs') }}

),

line_items as (

    select * from {{ ref('stg_openai__line_items') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'openai'
        and resource in ('costs', 'costs_by_identity')

),

counted as (

    select *
    from windows
    qualify row_number() over (
        partition by organization, window_start
        order by case resource when 'costs_by_identity' then 1 else 2 end
    ) = 1

),

current_records as (

    select
        -- ids
        records.record_id,
        records.organization,
        records.workspace_id,
        records.api_key_id,
        records.actor_user_id,
        -- strings
        records.resource,
        records.line_item,
        line_items.model,
        line_items.token_type,
        line_items.service_tier,
        records.currency,
        coalesce(
            {{ adjustment_type('records.line_item', 'records.billed_cost_usd') }},
            line_items.cost_type
        ) as cost_type,
        -- numerics
        records.billed_cost_usd,
        records.billed_cost_in_currency,
        -- booleans
        line_items.is_known,
        -- dates
        records.cost_date
    from records
    inner join counted
        on
            records.resource = counted.resource
            and records.organization = counted.organization
            and records.cost_date = counted.window_start
            and records.load_id = counted.load_id
    inner join line_items
        on coalesce(records.line_item, '') = line_items.line_item

)

select * from current_records
