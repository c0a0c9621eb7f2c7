-- GRAIN: one row per usage event, with what it is charged at and whether that is cash
with events as (

    select * from {{ ref('stg_cursor__usage_events') }}

),

kinds as (

    select * from {{ ref('cursor_usage_kinds') }}

),

charged as (

    select
        events.record_id,
        events.usage_date,
        events.organization,
        events.actor_email,
        events.service_account_id,
        events.model,
        events.kind,
        events.model_cost_usd,
        events.token_fee_usd,
        coalesce(kinds.charge_category, 'unknown') as charge_category,
        events.charged_usd is null as is_charge_computed,
        -- Older answers lack the charge; this formula held in every answer that has it.
        coalesce(
            events.charged_usd,
            {{ less_percent(
                'events.model_cost_usd', 'coalesce(events.discount_percent, 0)'
            ) }} + coalesce(events.token_fee_usd, 0),
            events.token_fee_usd,
            0
        ) as charge_usd
    from events
    left join kinds
        on events.kind_code = kinds.kind_code

),

-- A kind that nobody knows is billed until somebody says otherwise: a test names it.
split as (

    select
        record_id,
        usage_date,
        organization,
        actor_email,
        service_account_id,
        model,
        kind,
        charge_category,
        is_charge_computed,
        charge_usd,
        case
            when charge_category in ('on_demand', 'unknown') then charge_usd
            else 0
        end as billed_cost_usd,
        case
            when charge_category in ('not_charged', 'user_api_key') then charge_usd
            else coalesce(model_cost_usd + coalesce(token_fee_usd, 0), charge_usd)
        end as list_cost_usd
    from charged

)

select * from split
