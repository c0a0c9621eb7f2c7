-- GRAIN: one row per platform with a cost in the two weeks, and one for all platforms
with costs as (

    select * from {{ ref('fct_cost_daily') }}
    where
        cost_date >= {{ days_before_run(14) }}
        and cost_date < {{ as_of_date() }}

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

by_week as (

    select
        platform_code,
        case
            when cost_date >= {{ days_before_run(7) }} then effective_cost_usd else 0
        end as week_usd,
        case
            when cost_date < {{ days_before_run(7) }} then effective_cost_usd else 0
        end as week_before_usd,
        is_attributed
    from costs

),

summed as (

    select
        platform_code,
        sum(week_usd) as week_usd,
        sum(week_before_usd) as week_before_usd,
        sum(case when is_attributed then week_usd else 0 end) as attributed_week_usd,
        sum(case when is_attributed then week_before_usd else 0 end)
            as attributed_week_before_usd
    from by_week
    group by platform_code

),

unioned as (

    select
        false as is_total,
        platforms.platform_code,
        platforms.platform_name,
        summed.week_usd,
        summed.week_before_usd,
        summed.attributed_week_usd,
        summed.attributed_week_before_usd
    from summed
    inner join platforms
        on summed.platform_code = platforms.platform_code

    union all

    select
        true as is_total,
        'all' as platform_code,
        'all' as platform_name,
        coalesce(sum(week_usd), 0) as week_usd,
        coalesce(sum(week_before_usd), 0) as week_before_usd,
        coalesce(sum(attributed_week_usd), 0) as attributed_week_usd,
        coalesce(sum(attributed_week_before_usd), 0) as attributed_week_before_usd
    from summed

),

typed as (

    select
        {{ as_of_date() }} as as_of_date,
        is_total,
        platform_code,
        platform_name,
        cast(week_usd as {{ type_money() }}) as week_usd,
        cast(week_before_usd as {{ type_money() }}) as week_before_usd,
        cast(attributed_week_usd as {{ type_money() }}) as attributed_week_usd,
        cast(attributed_week_before_usd as {{ type_money() }})
            as attributed_week_before_usd
    from unioned

)

select * from typed
