-- GRAIN: one row per record of a cost report, of every version, including loads that
-- are not complete
-- The day passes only through unions and filters, so that a reader's condition on the
-- days reaches the raw tables.
with analytics as (

    select * from {{ ref('base_anthropic__analytics_costs') }}

),

legacy as (

    select * from {{ ref('base_anthropic__costs') }}

),

products as (

    select * from {{ ref('anthropic_products') }}

),

workspaces as (

    select * from {{ ref('stg_anthropic__workspaces') }}

),

analytics_records as (

    select
        analytics.cost_date,
        analytics.organization,
        'analytics_cost' as resource,
        analytics.load_id,
        {{ anthropic_platform('products.platform_code', 'analytics.organization') }}
            as platform_code,
        cast(null as {{ dbt.type_string() }}) as superseded_by,
        cast(null as date) as invoice_month,
        analytics.billed_cost_usd
    from analytics
    left join products
        on analytics.product = products.product

),

legacy_records as (

    select
        legacy.cost_date,
        legacy.organization,
        'cost_report' as resource,
        legacy.load_id,
        {{ anthropic_platform(
            anthropic_workspace_platform('workspaces.workspace_name'),
            'legacy.organization'
        ) }} as platform_code,
        'analytics_cost' as superseded_by,
        cast(null as date) as invoice_month,
        legacy.billed_cost_usd
    from legacy
    left join workspaces
        on legacy.workspace_id = workspaces.workspace_id

),

unioned as (

    select * from analytics_records

    union all

    select * from legacy_records

)

select * from unioned
