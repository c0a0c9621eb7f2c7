-- GRAIN: one row per part of a cost by project; one per record of a cost by key or user
with costs as (

    select * from {{ ref('stg_openai__costs') }}
    where resource = 'costs_by_identity'

),

shares as (

    select * from {{ ref('stg_openai__cost_shares') }}

),

unioned as (

    select
        cost_date,
        organization,
        workspace_id,
        api_key_id,
        actor_user_id,
        model,
        cost_type,
        token_type,
        service_tier,
        'reported' as allocation_method,
        resource as source,
        currency,
        is_known,
        billed_cost_usd,
        billed_cost_in_currency
    from costs

    union all

    select
        cost_date,
        organization,
        workspace_id,
        api_key_id,
        actor_user_id,
        model,
        cost_type,
        token_type,
        service_tier,
        allocation_method,
        'costs' as source,
        currency,
        is_known,
        billed_cost_usd,
        billed_cost_in_currency
    from shares

),

-- OpenAI reports no list price.
cost_rows as (

    select
        {{ conformed_row(
            'cost_rows',
            [
                'cost_date', 'organization', 'workspace_id', 'api_key_id',
                'actor_user_id', 'model', 'cost_type', 'token_type',
                'service_tier', 'allocation_method', 'source', 'billed_cost_usd',
                'billed_cost_in_currency',
            ],
            platform_code="'openai_api'",
            product="case when not is_known then 'unknown' end",
            list_cost_usd='billed_cost_usd',
            effective_cost_usd='billed_cost_usd',
            billing_currency='currency'
        ) }}
    from unioned

)

select * from cost_rows
