with daily_costs as (

    select * from {{ ref('fct_cost_daily') }}
    where {{ in_days('cost_date', none) }}

),

budgets as (

    select * from {{ ref('fct_budget_monthly') }}
    where scope_type = 'user'

),

costs as (

    select
        *,
        {{ first_day_of('month', 'cost_date') }} as month,
        case when cost_type = 'overage' then effective_cost_usd else 0 end
            as overage_usd,
        case when is_attributed then effective_cost_usd else 0 end
            as allocated_usd
    from daily_costs

),

renamed as (

    select
        {{ number_of_key('costs.user_sk') }} as user_sk,
        {{ number_of_key('costs.platform_code') }} as platform_sk,
        {{ day_as_number('costs.cost_date') }} as date_sk,
        costs.cost_date,
        {{ number_of_key('nullif(costs.cost_center, ' ~ unattributed() ~ ')') }}
            as cost_center_sk,
        nullif(costs.api_key_id, {{ unattributed() }}) as api_key_id,
        costs.organization as billing_account_id,
        cast(null as {{ dbt.type_string() }}) as invoice_id,
        {{ to_float('costs.effective_cost_usd - costs.overage_usd') }} as base_cost_usd,
        {{ to_float('costs.overage_usd') }} as overage_cost_usd,
        {{ to_float('costs.effective_cost_usd') }} as total_cost_usd,
        {{ to_float('costs.allocated_usd') }} as allocated_cost_usd,
        cast(null as {{ type_float64() }}) as allocation_percentage,
        case
            when
                costs.allocation_method
                in ('tokens', 'model_tokens', 'workspace_tokens')
                then 'usage_based'
            when costs.allocation_method in ('seat_days', 'equal_split')
                then 'equal_split'
            when costs.allocation_method = 'manual_share' then 'manual'
        end as allocation_method,
        cast(null as int64) as billable_tokens,
        cast(null as int64) as billable_requests,
        cast(null as int64) as billable_sessions,
        cast(null as {{ type_float64() }}) as subscription_units,
        cast(null as {{ type_float64() }}) as cost_per_token,
        cast(null as {{ type_float64() }}) as cost_per_request,
        cast(null as {{ type_float64() }}) as cost_per_session,
        case when costs.cost_type = 'tool' then 'usage' else costs.cost_type end
            as cost_type,
        cast(null as {{ dbt.type_string() }}) as billing_period,
        'USD' as currency_code,
        {{ to_float('1') }} as exchange_rate,
        cast(null as {{ dbt.type_string() }}) as budget_category,
        {{ to_float('budgets.budget_usd') }} as budget_allocated_usd,
        {{ to_float('budgets.remaining_usd') }} as budget_remaining_usd,
        coalesce(budgets.remaining_usd < 0, false) as is_over_budget,
        cast(null as {{ type_float64() }}) as cost_confidence,
        {{ to_float('costs.attribution_confidence') }} as allocation_confidence,
        cast(null as {{ dbt.type_string() }}) as reconciliation_status,
        cast(costs.cost_date as timestamp) as cost_timestamp,
        cast(null as timestamp) as ingest_timestamp,
        cast(null as {{ dbt.type_string() }}) as pipeline_run_id
    from costs
    left join budgets
        on
            costs.month = budgets.month
            and costs.user_email = budgets.scope

)

select * from renamed
