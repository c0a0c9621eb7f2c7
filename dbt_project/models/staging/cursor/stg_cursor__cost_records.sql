-- GRAIN: one row per usage event that Cursor charges in cash, of every version,
-- including loads that are not complete
with events as (

    select * from {{ ref('base_cursor__usage_events') }}

),

kinds as (

    select * from {{ ref('cursor_usage_kinds') }}

),

charged as (

    select
        events.usage_date as cost_date,
        events.organization,
        'usage_events' as resource,
        events.load_id,
        'cursor' as platform_code,
        cast(null as {{ dbt.type_string() }}) as superseded_by,
        cast(null as date) as invoice_month,
        {{ cursor_charge_usd('events') }} as billed_cost_usd
    from events
    left join kinds
        on events.kind_code = kinds.kind_code
    where {{ is_cash(cursor_charge_category('kinds')) }}

)

select * from charged
