-- INVARIANT: total_monthly_cost sums to fct_cost_daily.effective_cost_usd
with months as (

    select * from {{ ref('rollup_months') }}

),

costs as (

    select * from {{ ref('rollup_costs_by_month') }}

),

usages as (

    select * from {{ ref('rollup_usages_by_month') }}

),

platforms as (

    select * from {{ ref('platforms') }}

),

budgets as (

    select * from {{ ref('rollup_budgets') }}
    where scope_type = 'company'

),

forecasts as (

    select * from {{ ref('rollup_scope_forecasts') }}
    where scope_type = 'company'

),

roster as (

    select * from {{ ref('rollup_roster_by_month') }}

),

heads as (

    select
        month,
        count(*) as roster_people
    from roster
    group by month

),

outlooks as (

    select * from {{ ref('rollup_outlook') }}

),

costs_by_month as (

    select
        costs.month,
        sum(costs.effective_cost_usd) as total_cost,
        sum(case when costs.is_attributed then costs.effective_cost_usd else 0 end)
            as allocated_cost,
        sum(case when costs.vendor = 'cursor' then costs.effective_cost_usd else 0 end)
            as cursor_cost,
        sum(
            case
                when costs.vendor = 'anthropic' then costs.effective_cost_usd else 0
            end
        ) as anthropic_cost,
        sum(case when platforms.measures_lines then costs.effective_cost_usd else 0 end)
            as coding_cost
    from costs
    left join platforms
        on costs.platform_code = platforms.platform_code
    group by costs.month

),

usages_by_month as (

    select
        usages.month,
        count(
            distinct
            case
                when usages.user_email != {{ unattributed() }} then usages.user_email
            end
        ) as active_users,
        count(distinct roster.user_email) as active_roster_people,
        sum(usages.lines_accepted) as lines_accepted,
        {{ ratio(
            'sum(usages.suggested_lines_accepted)', 'sum(usages.lines_suggested)'
        ) }}
            as acceptance_rate
    from usages
    left join roster
        on
            usages.month = roster.month
            and usages.user_email = roster.user_email
    group by usages.month

),

joined as (

    select
        months.month,
        months.previous_month,
        months.is_complete_month,
        months.days_in_month,
        months.elapsed_days,
        cast(coalesce(costs_by_month.total_cost, 0) as {{ type_money() }})
            as total_monthly_cost,
        cast(coalesce(costs_by_month.allocated_cost, 0) as {{ type_money() }})
            as allocated_monthly_cost,
        cast(coalesce(costs_by_month.cursor_cost, 0) as {{ type_money() }})
            as cursor_cost,
        cast(coalesce(costs_by_month.anthropic_cost, 0) as {{ type_money() }})
            as anthropic_cost,
        cast(coalesce(costs_by_month.coding_cost, 0) as {{ type_money() }})
            as coding_cost,
        coalesce(usages_by_month.active_users, 0) as active_users,
        coalesce(usages_by_month.active_roster_people, 0) as active_roster_people,
        coalesce(heads.roster_people, 0) as roster_people,
        cast(coalesce(usages_by_month.lines_accepted, 0) as int64)
            as total_lines_produced,
        usages_by_month.acceptance_rate,
        cast(budgets.budget_usd as {{ type_money() }}) as budget_amount,
        coalesce(forecasts.to_come_usd, 0) as to_come_usd,
        coalesce(forecasts.to_come_low_usd, 0) as to_come_low_usd,
        coalesce(forecasts.to_come_high_usd, 0) as to_come_high_usd
    from months
    left join costs_by_month
        on months.month = costs_by_month.month
    left join usages_by_month
        on months.month = usages_by_month.month
    left join budgets
        on months.month = budgets.month
    left join heads
        on months.month = heads.month
    left join forecasts
        on months.month = forecasts.month

),

derived as (

    select
        this_month.month,
        this_month.is_complete_month,
        this_month.total_monthly_cost,
        this_month.allocated_monthly_cost,
        cast(
            this_month.total_monthly_cost - this_month.allocated_monthly_cost
            as {{ type_money() }}
        ) as unattributed_cost,
        this_month.active_users,
        {{ ratio('this_month.total_monthly_cost', 'this_month.active_users') }}
            as cost_per_user,
        {{ growth(
            'this_month.total_monthly_cost', 'previous.total_monthly_cost'
        ) }} as cost_growth_mom,
        {{ growth('this_month.active_users', 'previous.active_users') }}
            as user_growth_mom,
        this_month.cursor_cost,
        this_month.anthropic_cost,
        {{ ratio('this_month.cursor_cost', 'this_month.total_monthly_cost') }}
            as cursor_cost_share,
        {{ ratio('this_month.anthropic_cost', 'this_month.total_monthly_cost') }}
            as anthropic_cost_share,
        this_month.total_lines_produced,
        {{ ratio('this_month.total_monthly_cost', 'this_month.total_lines_produced') }}
            as cost_per_line_produced,
        this_month.acceptance_rate,
        {{ ratio(
            'this_month.total_monthly_cost * this_month.days_in_month * 12',
            'this_month.elapsed_days',
        ) }} as annual_run_rate,
        cast(
            this_month.total_monthly_cost + this_month.to_come_usd
            as {{ type_money() }}
        ) as forecast_month_end_cost,
        cast(
            this_month.total_monthly_cost + this_month.to_come_low_usd
            as {{ type_money() }}
        ) as forecast_month_end_cost_low,
        cast(
            this_month.total_monthly_cost + this_month.to_come_high_usd
            as {{ type_money() }}
        ) as forecast_month_end_cost_high,
        this_month.budget_amount,
        {{ percent_over('this_month.total_monthly_cost', 'this_month.budget_amount') }}
            as budget_variance_pct,
        {{ roi_status(
            'this_month.total_monthly_cost', 'this_month.total_lines_produced'
        ) }} as roi_status,
        this_month.coding_cost,
        {{ ratio('this_month.coding_cost', 'this_month.total_lines_produced') }}
            as cost_per_accepted_line,
        this_month.roster_people,
        this_month.active_roster_people,
        {{ ratio('this_month.active_roster_people', 'this_month.roster_people') }}
            as active_roster_share,
        {{ ratio('this_month.total_monthly_cost', 'this_month.roster_people') }}
            as cost_per_head,
        outlooks.quarter_cost_so_far,
        outlooks.forecast_quarter_cost,
        outlooks.forecast_quarter_cost_low,
        outlooks.forecast_quarter_cost_high,
        outlooks.year_cost_so_far,
        outlooks.forecast_year_cost,
        outlooks.forecast_year_cost_low,
        outlooks.forecast_year_cost_high
    from joined as this_month
    left join joined as previous
        on this_month.previous_month = previous.month
    left join outlooks
        on this_month.month = outlooks.month

)

select * from derived
