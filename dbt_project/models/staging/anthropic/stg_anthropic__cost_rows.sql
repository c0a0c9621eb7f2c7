-- GRAIN: one row per record of the report that counts for its day; for the legacy
-- report, one per part of a record
with analytics as (

    select * from {{ ref('stg_anthropic__analytics_costs') }}

),

legacy as (

    select * from {{ ref('stg_anthropic__legacy_cost_shares') }}

),

report_days as (

    select * from {{ ref('stg_anthropic__report_days') }}

),

products as (

    select * from {{ ref('anthropic_products') }}

),

workspaces as (

    select * from {{ ref('stg_anthropic__workspaces') }}

),

analytics_rows as (

    select
        {{ conformed_row(
            'cost_rows',
            [
                'analytics.cost_date', 'analytics.organization', 'analytics.actor_email',
                'analytics.actor_user_id', 'analytics.service_account_id',
                'analytics.api_key_id', 'analytics.workspace_id', 'analytics.product',
                'analytics.model', 'analytics.list_cost_usd', 'analytics.billed_cost_usd',
                'analytics.billed_cost_in_currency',
            ],
            platform_code=anthropic_platform(
                'products.platform_code', 'analytics.organization'
            ),
            cost_type=anthropic_cost_type('analytics.cost_type'),
            token_type=anthropic_billed_token_type('analytics'),
            allocation_method="'reported'",
            source="'analytics_cost'",
            billing_currency='analytics.currency',
            effective_cost_usd='analytics.billed_cost_usd'
        ) }}
    from analytics
    left join products
        on analytics.product = products.product

),

-- The legacy report has no list price.
legacy_rows as (

    select
        {{ conformed_row(
            'cost_rows',
            [
                'legacy.cost_date', 'legacy.organization', 'legacy.actor_user_id',
                'legacy.service_account_id', 'legacy.api_key_id', 'legacy.workspace_id',
                'legacy.model', 'legacy.service_tier', 'legacy.allocation_method',
                'legacy.billed_cost_usd', 'legacy.billed_cost_in_currency',
            ],
            platform_code=anthropic_platform(
                anthropic_workspace_platform('workspaces.workspace_name'),
                'legacy.organization'
            ),
            cost_type=anthropic_cost_type('legacy.cost_type'),
            token_type=anthropic_billed_token_type('legacy'),
            source="'cost_report'",
            billing_currency='legacy.currency',
            list_cost_usd='legacy.billed_cost_usd',
            effective_cost_usd='legacy.billed_cost_usd'
        ) }}
    from legacy
    left join report_days
        on
            legacy.organization = report_days.organization
            and legacy.cost_date = report_days.report_date
    left join workspaces
        on legacy.workspace_id = workspaces.workspace_id
    where not coalesce(report_days.has_analytics_cost, false)

),

unioned as (

    select * from analytics_rows

    union all

    select * from legacy_rows

)

select * from unioned
