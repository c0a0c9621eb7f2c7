{{ config(**replaced_by_day(
    'cost_date', changes='int_changed_windows', cluster_by=['platform_code', 'organization']
)) }}

-- GRAIN: one row per day, organization, platform, identity, workspace, product, model,
-- cost type, token type, allocation method and source
-- UNITS: dollars; before attribution
{% set days = changed_days(ref('int_changed_windows')) %}

with analytics as (

    select * from {{ ref('stg_anthropic__analytics_costs') }}
    where {{ in_days('cost_date', days) }}

),

legacy as (

    select * from {{ ref('int_anthropic_legacy_costs') }}
    where {{ in_days('cost_date', days) }}

),

charges as (

    select * from {{ ref('int_cursor_charges') }}
    where {{ in_days('usage_date', days) }}

),

seats as (

    select * from {{ ref('int_seat_costs') }}
    where {{ in_days('cost_date', days) }}

),

anthropic_sources as (

    select * from {{ ref('int_anthropic_sources') }}

),

products as (

    select * from {{ ref('anthropic_products') }}

),

platforms as (

    select * from {{ ref('platforms') }}

),

workspaces as (

    select * from {{ ref('int_workspaces') }}

),

analytics_costs as (

    select
        analytics.cost_date,
        analytics.organization,
        'anthropic' as vendor,
        {{ anthropic_platform('products.platform_code', 'analytics.organization') }}
            as platform_code,
        analytics.actor_email,
        analytics.actor_user_id,
        analytics.service_account_id,
        analytics.api_key_id,
        analytics.workspace_id,
        analytics.product,
        analytics.model,
        case
            when analytics.cost_type = 'tokens' or analytics.cost_type is null
                then 'usage'
            else 'tool'
        end as cost_type,
        coalesce(analytics.token_type, nullif(analytics.cost_type, 'tokens'))
            as token_type,
        analytics.list_cost_usd,
        analytics.billed_cost_usd,
        analytics.billed_cost_usd as effective_cost_usd,
        'reported' as allocation_method,
        'analytics_cost' as source
    from analytics
    left join products
        on analytics.product = products.product

),

legacy_costs as (

    select
        legacy.cost_date,
        legacy.organization,
        'anthropic' as vendor,
        {{ anthropic_platform(
            "case when workspaces.workspace_name = 'Claude Code' then 'claude_code' end",
            'legacy.organization'
        ) }} as platform_code,
        cast(null as {{ dbt.type_string() }}) as actor_email,
        legacy.actor_user_id,
        legacy.service_account_id,
        legacy.api_key_id,
        legacy.workspace_id,
        cast(null as {{ dbt.type_string() }}) as product,
        legacy.model,
        case
            when legacy.cost_type = 'tokens' or legacy.cost_type is null then 'usage'
            else 'tool'
        end as cost_type,
        coalesce(legacy.token_type, nullif(legacy.cost_type, 'tokens')) as token_type,
        legacy.billed_cost_usd as list_cost_usd,
        legacy.billed_cost_usd,
        legacy.billed_cost_usd as effective_cost_usd,
        legacy.allocation_method,
        'cost_report' as source
    from legacy
    left join anthropic_sources
        on
            legacy.organization = anthropic_sources.organization
            and legacy.cost_date = anthropic_sources.report_date
    left join workspaces
        on legacy.workspace_id = workspaces.workspace_id
    where not coalesce(anthropic_sources.has_analytics_cost, false)

),

cursor_costs as (

    select
        usage_date as cost_date,
        organization,
        'cursor' as vendor,
        'cursor' as platform_code,
        actor_email,
        cast(null as {{ dbt.type_string() }}) as actor_user_id,
        service_account_id,
        cast(null as {{ dbt.type_string() }}) as api_key_id,
        cast(null as {{ dbt.type_string() }}) as workspace_id,
        charge_category as product,
        model,
        case charge_category when 'on_demand' then 'overage' else 'usage' end
            as cost_type,
        cast(null as {{ dbt.type_string() }}) as token_type,
        list_cost_usd,
        billed_cost_usd,
        billed_cost_usd as effective_cost_usd,
        case when is_charge_computed then 'computed' else 'reported' end
            as allocation_method,
        'usage_events' as source
    from charges

),

seat_costs as (

    select
        seats.cost_date,
        'sheets' as organization,
        coalesce(platforms.vendor, 'unknown') as vendor,
        seats.platform_code,
        seats.email as actor_email,
        cast(null as {{ dbt.type_string() }}) as actor_user_id,
        cast(null as {{ dbt.type_string() }}) as service_account_id,
        cast(null as {{ dbt.type_string() }}) as api_key_id,
        cast(null as {{ dbt.type_string() }}) as workspace_id,
        seats.plan as product,
        cast(null as {{ dbt.type_string() }}) as model,
        'subscription' as cost_type,
        cast(null as {{ dbt.type_string() }}) as token_type,
        seats.billed_cost_usd as list_cost_usd,
        seats.billed_cost_usd,
        seats.effective_cost_usd,
        'seat_days' as allocation_method,
        'seat_plans' as source
    from seats
    left join platforms
        on seats.platform_code = platforms.platform_code

),

unioned as (

    select * from analytics_costs

    union all

    select * from legacy_costs

    union all

    select * from cursor_costs

    union all

    select * from seat_costs

),

summed as (

    select
        cost_date,
        organization,
        vendor,
        platform_code,
        {{ identity_key() }} as identity_key,
        actor_email,
        actor_user_id,
        service_account_id,
        api_key_id,
        workspace_id,
        product,
        model,
        cost_type,
        token_type,
        allocation_method,
        source,
        cast(sum(list_cost_usd) as {{ type_money() }}) as list_cost_usd,
        cast(sum(billed_cost_usd) as {{ type_money() }}) as billed_cost_usd,
        cast(sum(effective_cost_usd) as {{ type_money() }}) as effective_cost_usd
    from unioned
    group by
        cost_date,
        organization,
        vendor,
        platform_code,
        actor_email,
        actor_user_id,
        service_account_id,
        api_key_id,
        workspace_id,
        product,
        model,
        cost_type,
        token_type,
        allocation_method,
        source

)

select * from summed
