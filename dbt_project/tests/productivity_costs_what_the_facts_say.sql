-- A day of engineering costs what fct_cost_daily says, and so does a day of knowledge
-- work.
{{ config(store_failures=true) }}

{% set since = tested_since('vw_engineering_productivity') %}

with unioned as (

    select
        cost_date as activity_date,
        platform_code,
        usage_category,
        list_cost_usd,
        billed_cost_usd,
        effective_cost_usd
    from {{ ref('fct_cost_daily') }}
    where
        cost_date >= {{ since }}
        and usage_category in ('engineering_productivity', 'knowledge_work')

    union all

    select
        activity_date,
        platform_code,
        'engineering_productivity' as usage_category,
        -list_cost_usd as list_cost_usd,
        -billed_cost_usd as billed_cost_usd,
        -effective_cost_usd as effective_cost_usd
    from {{ ref('vw_engineering_productivity') }}
    where activity_date >= {{ since }}

    union all

    select
        activity_date,
        platform_code,
        'knowledge_work' as usage_category,
        -list_cost_usd as list_cost_usd,
        -billed_cost_usd as billed_cost_usd,
        -effective_cost_usd as effective_cost_usd
    from {{ ref('vw_knowledge_worker_productivity') }}
    where activity_date >= {{ since }}

)

select
    activity_date,
    platform_code,
    usage_category,
    sum(list_cost_usd) as list_difference_usd,
    sum(billed_cost_usd) as billed_difference_usd,
    sum(effective_cost_usd) as effective_difference_usd
from unioned
group by activity_date, platform_code, usage_category
having
    sum(list_cost_usd) != 0
    or sum(billed_cost_usd) != 0
    or sum(effective_cost_usd) != 0
