with allocations as (

    select * from {{ ref('vw_cost_allocation_detailed') }}

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

renamed as (

    select
        allocations.month,
        allocations.department,
        allocations.cost_center,
        allocations.user_email,
        platforms.platform_name,
        {{ to_float('allocations.base_cost') }} as base_cost,
        {{ to_float('allocations.overage_cost') }} as overage_cost,
        {{ to_float('allocations.total_cost') }} as total_cost,
        {{ to_float('allocations.allocated_cost') }} as allocated_cost,
        {{ to_float('allocations.avg_attribution_confidence') }}
            as avg_allocation_confidence,
        cast(null as {{ type_float64() }}) as avg_cost_confidence,
        allocations.billable_tokens,
        allocations.billable_requests,
        {{ to_float('allocations.budget_allocated') }} as budget_allocated,
        {{ to_float('allocations.over_budget_amount') }} as over_budget_amount,
        {{ to_float('allocations.reconciled_cost') }} as reconciled_cost,
        {{ to_float('allocations.pending_cost') }} as pending_cost,
        {{ to_float('allocations.disputed_cost') }} as disputed_cost,
        {{ to_float('allocations.cost_per_1k_tokens') }} as cost_per_1k_tokens,
        {{ to_float('allocations.cost_per_request') }} as cost_per_request,
        {{ to_float('allocations.allocation_rate') }} as allocation_rate,
        {{ to_float('allocations.budget_variance_pct') }} / 100 as budget_variance_pct,
        allocations.budget_status,
        allocations.data_quality_tier,
        {{ to_float('allocations.reconciliation_rate') }} as reconciliation_rate,
        {{ to_float('allocations.dispute_rate') }} as dispute_rate,
        {{ to_float('allocations.prev_month_cost') }} as prev_month_cost,
        {{ to_float('allocations.cost_growth_mom') }} as cost_growth_mom
    from allocations
    inner join platforms
        on allocations.platform_code = platforms.platform_code

)

select * from renamed
