-- Days of which Anthropic's legacy report landed after the analytics were last read,
-- because those can no longer be read, and says another amount. The day counts as the
-- analytics had it last: give the key the scope read:analytics again, and fetch the
-- days once more. Days that the analytics no longer reach stay as they are.
{{ config(severity='warn', store_failures=true) }}

with records as (

    select * from {{ ref('stg_anthropic__cost_records') }}
    where cost_date >= {{ tested_since('int_costs') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'anthropic'
        and resource in ('analytics_cost', 'cost_report')
        and window_start >= {{ tested_since('int_costs') }}
        and window_start >= {{ days_before_run(364) }}

),

readings as (

    {{ completed_extractions('anthropic') }}

),

last_read as (

    select
        organization,
        window_start as cost_date,
        max(loaded_at) as read_at
    from readings
    where resource = 'analytics_cost'
    group by organization, window_start

),

reported as (

    select
        windows.organization,
        windows.window_start as cost_date,
        windows.resource,
        windows.loaded_at,
        coalesce(sum(records.billed_cost_usd), 0) as billed_cost_usd
    from windows
    left join records
        on
            windows.resource = records.resource
            and windows.organization = records.organization
            and windows.window_start = records.cost_date
            and windows.load_id = records.load_id
    group by
        windows.organization,
        windows.window_start,
        windows.resource,
        windows.loaded_at

),

different as (

    select
        analytics.organization,
        analytics.cost_date,
        analytics.billed_cost_usd as analytics_usd,
        legacy.billed_cost_usd as legacy_usd
    from reported as analytics
    inner join reported as legacy
        on
            analytics.organization = legacy.organization
            and analytics.cost_date = legacy.cost_date
    inner join last_read
        on
            analytics.organization = last_read.organization
            and analytics.cost_date = last_read.cost_date
            and legacy.loaded_at > last_read.read_at
    where
        analytics.resource = 'analytics_cost'
        and legacy.resource = 'cost_report'
        and analytics.billed_cost_usd != legacy.billed_cost_usd

)

select * from different
