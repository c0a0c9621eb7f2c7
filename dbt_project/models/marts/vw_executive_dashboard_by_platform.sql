-- INVARIANT: platform_cost of a month sums to vw_executive_dashboard.total_monthly_cost
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

    select * from {{ ref('dim_platforms') }}

),

unioned as (

    select
        month,
        platform_code,
        cast(null as {{ dbt.type_string() }}) as active_email,
        effective_cost_usd,
        case when is_attributed then effective_cost_usd else 0 end as allocated_cost_usd
    from costs

    union all

    select
        month,
        platform_code,
        case when user_email != {{ unattributed() }} then user_email end
            as active_email,
        0 as effective_cost_usd,
        0 as allocated_cost_usd
    from usages

),

summed as (

    select
        month,
        platform_code,
        cast(sum(effective_cost_usd) as {{ type_money() }}) as platform_cost,
        cast(sum(allocated_cost_usd) as {{ type_money() }}) as allocated_platform_cost,
        count(distinct active_email) as active_users
    from unioned
    group by month, platform_code

),

derived as (

    select
        summed.month,
        months.is_complete_month,
        summed.platform_code,
        platforms.platform_name,
        platforms.vendor,
        platforms.category,
        summed.platform_cost,
        {{ ratio(
            'summed.platform_cost',
            'sum(summed.platform_cost) over (partition by summed.month)'
        ) }} as cost_share,
        {{ ratio(
            'sum(summed.platform_cost)'
            ' over (partition by summed.month, platforms.vendor)',
            'sum(summed.platform_cost) over (partition by summed.month)'
        ) }} as vendor_cost_share,
        cast(
            summed.platform_cost - summed.allocated_platform_cost as {{ type_money() }}
        ) as unattributed_cost,
        summed.active_users,
        {{ ratio('summed.platform_cost', 'summed.active_users') }} as cost_per_user,
        {{ growth('summed.platform_cost', 'previous.platform_cost') }}
            as cost_growth_mom
    from summed
    inner join months
        on summed.month = months.month
    inner join platforms
        on summed.platform_code = platforms.platform_code
    left join summed as previous
        on
            months.previous_month = previous.month
            and summed.platform_code = previous.platform_code

)

select * from derived
