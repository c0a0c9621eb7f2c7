with budgets as (

    select * from {{ ref('rollup_budgets') }}

),

costs as (

    select * from {{ ref('rollup_costs_by_month') }}

),

forecasts as (

    select * from {{ ref('rollup_scope_forecasts') }}

),

days as (

    select * from {{ ref('int_days') }}

),

-- Only months that have begun.
months as (

    select
        month_start_date as month,
        count(*) as days_in_month,
        count(case when date_day < {{ as_of_date() }} then date_day end)
            as elapsed_days
    from days
    where month_start_date <= {{ as_of_date() }}
    group by month_start_date

),

scoped as (

    select
        month,
        'company' as scope_type,
        'company' as scope,
        effective_cost_usd
    from costs

    union all

    select
        month,
        'department' as scope_type,
        department as scope,
        effective_cost_usd
    from costs

    union all

    select
        month,
        'team' as scope_type,
        team as scope,
        effective_cost_usd
    from costs

    union all

    select
        month,
        'cost_center' as scope_type,
        cost_center as scope,
        effective_cost_usd
    from costs

    union all

    select
        month,
        'user' as scope_type,
        user_email as scope,
        effective_cost_usd
    from costs

),

-- People type the sheet, so upper and lower case do not matter.
spent as (

    select
        month,
        scope_type,
        lower(scope) as scope_key,
        sum(effective_cost_usd) as effective_cost_usd
    from scoped
    group by month, scope_type, lower(scope)

),

to_come as (

    select
        month,
        scope_type,
        lower(scope) as scope_key,
        sum(to_come_usd) as to_come_usd,
        sum(to_come_low_usd) as to_come_low_usd,
        sum(to_come_high_usd) as to_come_high_usd
    from forecasts
    group by month, scope_type, lower(scope)

),

compared as (

    select
        budgets.month,
        budgets.scope_type,
        budgets.scope,
        budgets.source,
        months.elapsed_days,
        months.days_in_month,
        months.elapsed_days = months.days_in_month as is_complete_month,
        cast(budgets.budget_usd as {{ type_money() }}) as budget_usd,
        cast(coalesce(spent.effective_cost_usd, 0) as {{ type_money() }})
            as actual_cost_usd,
        cast(
            coalesce(spent.effective_cost_usd, 0) + coalesce(to_come.to_come_usd, 0)
            as {{ type_money() }}
        ) as projected_cost_usd,
        cast(
            coalesce(spent.effective_cost_usd, 0) + coalesce(to_come.to_come_low_usd, 0)
            as {{ type_money() }}
        ) as projected_low_usd,
        cast(
            coalesce(spent.effective_cost_usd, 0)
            + coalesce(to_come.to_come_high_usd, 0)
            as {{ type_money() }}
        ) as projected_high_usd
    from budgets
    inner join months
        on budgets.month = months.month
    left join spent
        on
            budgets.month = spent.month
            and budgets.scope_type = spent.scope_type
            and lower(budgets.scope) = spent.scope_key
    left join to_come
        on
            budgets.month = to_come.month
            and budgets.scope_type = to_come.scope_type
            and lower(budgets.scope) = to_come.scope_key

),

judged as (

    select
        month,
        scope_type,
        scope,
        source,
        is_complete_month,
        budget_usd,
        actual_cost_usd,
        budget_usd - actual_cost_usd as remaining_usd,
        {{ percent_over('actual_cost_usd', 'budget_usd') }} as budget_variance_pct,
        {{ ratio('elapsed_days', 'days_in_month') }} as share_of_month_elapsed,
        {{ ratio('actual_cost_usd', 'budget_usd') }} as share_of_budget_spent,
        projected_cost_usd,
        projected_low_usd,
        projected_high_usd,
        case
            when actual_cost_usd > budget_usd then 'Over Budget'
            when projected_cost_usd > budget_usd then 'Projected Over Budget'
            when actual_cost_usd * 100 > budget_usd * 90 then 'Near Budget'
            else 'Under Budget'
        end as budget_status
    from compared

)

select * from judged
