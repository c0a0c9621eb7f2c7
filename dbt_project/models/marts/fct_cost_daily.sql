{{ config(
    require_partition_filter=true,
    **replaced_by_day(
        'cost_date', changes='int_changed_days', cluster_by=['platform_code', 'user_email']
    )
) }}

-- INVARIANT: sums to the vendor's report for the day, to the last digit
{% set days = changed_days(ref('int_changed_days')) %}

with costs as (

    select * from {{ ref('int_costs') }}
    where {{ in_days('cost_date', days) }}

),

attributions as (

    select * from {{ ref('bridge_attributions') }}
    where {{ in_days('activity_date', days) }}

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

attributed as (

    select
        costs.cost_date,
        costs.invoice_month,
        costs.platform_code,
        costs.vendor,
        costs.organization,
        attributions.user_sk,
        attributions.user_email,
        attributions.department,
        attributions.team,
        attributions.cost_center,
        coalesce(costs.api_key_id, {{ unattributed() }}) as api_key_id,
        coalesce(costs.workspace_id, {{ unattributed() }}) as workspace_id,
        attributions.service_account_id,
        costs.product,
        coalesce(
            costs.model,
            case when costs.cost_type = 'subscription' then {{ model_of_seats() }} end,
            {{ unattributed() }}
        ) as model,
        {{ usage_category('platforms.category', 'attributions.purpose_category') }}
            as usage_category,
        costs.cost_type,
        costs.token_type,
        costs.service_tier,
        attributions.attribution_method,
        attributions.attribution_confidence,
        attributions.is_attributed,
        costs.source,
        coalesce(attributions.allocation_method, costs.allocation_method)
            as allocation_method,
        -- A key that is shared by hand may have costs that the vendor billed as a sum.
        costs.allocation_method in (
            'computed',
            'tokens',
            'model_tokens',
            'workspace_tokens',
            'equal_split',
            'by_cost'
        )
        or coalesce(attributions.allocation_method = 'equal_split', false)
            as is_estimated,
        {{ part_of_usd('costs.list_cost_usd', 'attributions') }} as list_cost_usd,
        {{ part_of_usd('costs.billed_cost_usd', 'attributions') }} as billed_cost_usd,
        {{ part_of_usd('costs.effective_cost_usd', 'attributions') }}
            as effective_cost_usd,
        costs.billing_currency,
        {{ part_of_usd('costs.billed_cost_in_currency', 'attributions') }}
            as billed_cost_in_currency
    from costs
    inner join attributions
        on
            costs.cost_date = attributions.activity_date
            and costs.identity_key = attributions.identity_key
    inner join platforms
        on costs.platform_code = platforms.platform_code

),

summed as (

    select
        cost_date,
        invoice_month,
        platform_code,
        vendor,
        organization,
        user_sk,
        user_email,
        department,
        team,
        cost_center,
        api_key_id,
        workspace_id,
        service_account_id,
        product,
        model,
        usage_category,
        cost_type,
        token_type,
        service_tier,
        allocation_method,
        is_estimated,
        attribution_method,
        attribution_confidence,
        is_attributed,
        source,
        cast(sum(list_cost_usd) as {{ type_money() }}) as list_cost_usd,
        cast(sum(billed_cost_usd) as {{ type_money() }}) as billed_cost_usd,
        cast(sum(effective_cost_usd) as {{ type_money() }}) as effective_cost_usd,
        billing_currency,
        cast(sum(billed_cost_in_currency) as {{ type_money() }})
            as billed_cost_in_currency
    from attributed
    group by all

)

select * from summed
