{{ config(**replaced_by_day(
    'cost_date', changes='int_changed_windows',
    cluster_by=['platform_code', 'organization'], needs_memory=true
)) }}

-- GRAIN: one row per day, organization, platform, identity, workspace, product, model,
-- cost type, token type, service tier, allocation method, source, currency and invoice
-- month
-- UNITS: dollars; before attribution
{% set days = changed_days(ref('int_changed_windows')) %}

with cost_rows as (

    {{ all_vendors('cost_rows', in_days('cost_date', days)) }}

),

seats as (

    select * from {{ ref('int_seat_costs') }}
    where {{ in_days('cost_date', days) }}

),

platforms as (

    select * from {{ ref('platforms') }}

),

seat_rows as (

    select
        coalesce(platforms.vendor, 'unknown') as vendor,
        {{ conformed_row(
            'cost_rows',
            [
                'seats.cost_date', 'seats.platform_code', 'seats.billed_cost_usd',
                'seats.effective_cost_usd',
            ],
            organization="'sheets'",
            actor_email='seats.email',
            product='seats.plan',
            cost_type="'subscription'",
            allocation_method="'seat_days'",
            source="'seat_plans'",
            list_cost_usd='seats.billed_cost_usd'
        ) }}
    from seats
    left join platforms
        on seats.platform_code = platforms.platform_code

),

unioned as (

    select * from cost_rows

    union all

    select * from seat_rows

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
        request_label,
        product,
        model,
        cost_type,
        token_type,
        service_tier,
        allocation_method,
        source,
        coalesce(billing_currency, 'USD') as billing_currency,
        {{ month_of_invoice() }} as invoice_month,
        cast(sum(list_cost_usd) as {{ type_money() }}) as list_cost_usd,
        cast(sum(billed_cost_usd) as {{ type_money() }}) as billed_cost_usd,
        cast(sum(effective_cost_usd) as {{ type_money() }}) as effective_cost_usd,
        -- A vendor that names no currency bills dollars.
        cast(
            sum(coalesce(billed_cost_in_currency, billed_cost_usd))
            as {{ type_money() }}
        ) as billed_cost_in_currency
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
        request_label,
        product,
        model,
        cost_type,
        token_type,
        service_tier,
        allocation_method,
        source,
        coalesce(billing_currency, 'USD'),
        {{ month_of_invoice() }}

)

select * from summed
