-- GRAIN: one row per usage event, with what is charged for it and whether that is cash
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
        {{ cursor_charge_category('kinds') }} as charge_category,
        events.charged_usd is null as is_charge_computed,
        {{ cursor_charge_usd('events') }} as charge_usd
    from events
    left join kinds
        on events.kind_code = kinds.kind_code

),

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
            when {{ is_cash('charge_category') }} then charge_usd
            else 0
        end as billed_cost_usd,
        case
            when charge_category in ('not_charged', 'user_api_key') then charge_usd
            else coalesce(model_cost_usd + coalesce(token_fee_usd, 0), charge_usd)
        end as list_cost_usd
    from charged

)

select * from split
