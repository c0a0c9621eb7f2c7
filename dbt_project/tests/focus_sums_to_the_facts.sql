-- Every dollar and every token of the facts is in the FOCUS export once, day by day.
with costs as (

    select
        cost_date as charge_date,
        sum(list_cost_usd) as list_cost_usd,
        sum(billed_cost_usd) as billed_cost_usd,
        sum(effective_cost_usd) as effective_cost_usd,
        0 as tokens
    from {{ ref('fct_cost_daily') }}
    where cost_date >= {{ tested_since('focus_cost_and_usage') }}
    group by cost_date

),

usages as (

    select
        usage_date as charge_date,
        0 as list_cost_usd,
        0 as billed_cost_usd,
        0 as effective_cost_usd,
        sum(total_tokens) as tokens
    from {{ ref('fct_usage_daily') }}
    where usage_date >= {{ tested_since('focus_cost_and_usage') }}
    group by usage_date

),

charges as (

    select
        {{ focus_name('x_charge_date') }} as charge_date,
        -sum({{ focus_name('list_cost') }}) as list_cost_usd,
        -sum({{ focus_name('billed_cost') }}) as billed_cost_usd,
        -sum({{ focus_name('effective_cost') }}) as effective_cost_usd,
        -sum(coalesce({{ focus_name('consumed_quantity') }}, 0)) as tokens
    from {{ ref('focus_cost_and_usage') }}
    where
        {{ focus_name('x_charge_date') }} >= {{ tested_since('focus_cost_and_usage') }}
    group by {{ focus_name('x_charge_date') }}

),

unioned as (

    select * from costs

    union all

    select * from usages

    union all

    select * from charges

),

compared as (

    select
        charge_date,
        sum(list_cost_usd) as list_difference,
        sum(billed_cost_usd) as billed_difference,
        sum(effective_cost_usd) as effective_difference,
        sum(tokens) as token_difference
    from unioned
    group by charge_date

)

select * from compared
where
    list_difference != 0
    or billed_difference != 0
    or effective_difference != 0
    or token_difference != 0
