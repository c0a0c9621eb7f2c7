-- INVARIANT: total_cost sums to fct_cost_daily.effective_cost_usd; what cannot be
-- attributed is in the rows of `unattributed`
with months as (

    select * from {{ ref('rollup_months') }}

),

costs as (

    select * from {{ ref('rollup_costs_by_month') }}

),

usages as (

    select * from {{ ref('rollup_usages_by_month') }}

),

budgets as (

    select * from {{ ref('fct_budget_monthly') }}
    where scope_type = 'user'

),

reconciliations as (

    select * from {{ ref('fct_cost_reconciliation') }}

),

-- A seat's cost has no organization of its own, so it takes the platform's only one.
only_reconciliations as (

    select
        month,
        platform_code,
        min(reconciliation_status) as reconciliation_status
    from reconciliations
    group by month, platform_code
    having count(*) = 1

),

checked_costs as (

    select
        costs.*,
        coalesce(
            reconciliations.reconciliation_status,
            only_reconciliations.reconciliation_status,
            'pending'
        ) as reconciliation_status
    from costs
    left join reconciliations
        on
            costs.invoice_month = reconciliations.month
            and costs.platform_code = reconciliations.platform_code
            and costs.organization = reconciliations.organization
    left join only_reconciliations
        on
            costs.invoice_month = only_reconciliations.month
            and costs.platform_code = only_reconciliations.platform_code

),

-- Costs and usages are unioned and summed, so nothing fans out, and what has only one
-- of them still has a row.
unioned as (

    select
        month,
        department,
        cost_center,
        user_email,
        platform_code,
        effective_cost_usd as total_cost,
        case when cost_type = 'overage' then effective_cost_usd else 0 end
            as overage_cost,
        case when is_attributed then effective_cost_usd else 0 end as allocated_cost,
        confident_cost_usd,
        case
            when reconciliation_status = 'reconciled' then effective_cost_usd else 0
        end as reconciled_cost,
        case when reconciliation_status = 'disputed' then effective_cost_usd else 0 end
            as disputed_cost,
        0 as billable_tokens,
        cast(null as int64) as billable_requests
    from checked_costs

    union all

    select
        month,
        department,
        cost_center,
        user_email,
        platform_code,
        0 as total_cost,
        0 as overage_cost,
        0 as allocated_cost,
        0 as confident_cost_usd,
        0 as reconciled_cost,
        0 as disputed_cost,
        total_tokens as billable_tokens,
        requests as billable_requests
    from usages

),

summed as (

    select
        month,
        department,
        cost_center,
        user_email,
        platform_code,
        -- With their lengths, because text that people type may contain bars.
        {{ surrogate_key([
            'length(department)', 'department', 'length(cost_center)', 'cost_center',
            'length(user_email)', 'user_email', 'platform_code',
        ]) }} as row_key,
        cast(sum(total_cost) as {{ type_money() }}) as total_cost,
        cast(sum(overage_cost) as {{ type_money() }}) as overage_cost,
        cast(sum(allocated_cost) as {{ type_money() }}) as allocated_cost,
        sum(confident_cost_usd) as confident_cost_usd,
        cast(sum(reconciled_cost) as {{ type_money() }}) as reconciled_cost,
        cast(sum(disputed_cost) as {{ type_money() }}) as disputed_cost,
        cast(coalesce(sum(billable_tokens), 0) as int64) as billable_tokens,
        {{ requests_counted('sum(billable_requests)', 'sum(billable_tokens)') }}
            as billable_requests
    from unioned
    group by
        month,
        department,
        cost_center,
        user_email,
        platform_code

),

weighed as (

    select
        summed.*,
        budgets.budget_usd,
        budgets.budget_status,
        cast(greatest(summed.total_cost, 0) as {{ type_money() }}) as weight_usd,
        row_number() over (
            partition by summed.month, summed.user_email
            order by summed.total_cost desc, summed.row_key asc
        ) as weight_rank
    from summed
    left join budgets
        on
            summed.month = budgets.month
            and summed.user_email = budgets.scope

),

-- A person's budget is one amount for all rows of the person. Each row gets a part in
-- proportion to its cost. Parts are whole billionths; the largest part gets the
-- remainder.
shared as (

    select
        *,
        coalesce(
            {{ nanos_to_usd(share_of_nanos(
                'budget_usd',
                '(' ~ usd_to_nanos('weight_usd') ~ ')',
                'nullif(sum(' ~ usd_to_nanos('weight_usd')
                ~ ') over (partition by month, user_email), 0)'
            )) }},
            0
        ) as budget_share_usd
    from weighed

),

budgeted as (

    select
        *,
        cast(
            case
                when budget_usd is null or weight_rank > 1
                    then case when budget_usd is not null then budget_share_usd end
                else
                    budget_usd
                    - coalesce(
                        sum(case when weight_rank > 1 then budget_share_usd end)
                            over (partition by month, user_email),
                        0
                    )
            end
            as {{ type_money() }}
        ) as budget_allocated
    from shared

),

derived as (

    select
        budgeted.month,
        months.is_complete_month,
        budgeted.department,
        budgeted.cost_center,
        budgeted.user_email,
        budgeted.platform_code,
        cast(budgeted.total_cost - budgeted.overage_cost as {{ type_money() }})
            as base_cost,
        budgeted.overage_cost,
        budgeted.total_cost,
        budgeted.allocated_cost,
        budgeted.billable_tokens,
        budgeted.billable_requests,
        {{ ratio('budgeted.confident_cost_usd', 'budgeted.total_cost') }}
            as avg_attribution_confidence,
        budgeted.budget_allocated,
        cast(
            case
                when budgeted.total_cost > budgeted.budget_allocated
                    then budgeted.total_cost - budgeted.budget_allocated
                when budgeted.budget_allocated is not null then 0
            end
            as {{ type_money() }}
        ) as over_budget_amount,
        budgeted.reconciled_cost,
        cast(
            budgeted.total_cost - budgeted.reconciled_cost - budgeted.disputed_cost
            as {{ type_money() }}
        ) as pending_cost,
        budgeted.disputed_cost,
        {{ ratio('budgeted.total_cost * 1000', 'budgeted.billable_tokens') }}
            as cost_per_1k_tokens,
        {{ ratio('budgeted.total_cost', 'budgeted.billable_requests') }}
            as cost_per_request,
        {{ ratio('budgeted.allocated_cost', 'budgeted.total_cost') }}
            as allocation_rate,
        {{ percent_over('budgeted.total_cost', 'budgeted.budget_allocated') }}
            as budget_variance_pct,
        coalesce(budgeted.budget_status, 'No Budget') as budget_status,
        {{ data_quality_tier('budgeted.confident_cost_usd', 'budgeted.total_cost') }}
            as data_quality_tier,
        {{ ratio('budgeted.reconciled_cost', 'budgeted.total_cost') }}
            as reconciliation_rate,
        {{ ratio('budgeted.disputed_cost', 'budgeted.total_cost') }} as dispute_rate,
        previous.total_cost as prev_month_cost,
        {{ growth('budgeted.total_cost', 'previous.total_cost') }} as cost_growth_mom
    from budgeted
    inner join months
        on budgeted.month = months.month
    left join summed as previous
        on
            months.previous_month = previous.month
            and budgeted.row_key = previous.row_key

)

select * from derived
