-- vw_api_consumption has each dollar, token and request of its scope once, per day.
{{ config(store_failures=true) }}

with platforms as (

    select * from {{ ref('dim_platforms') }}

),

costs as (

    select
        facts.cost_date as usage_date,
        facts.platform_code,
        sum(facts.list_cost_usd) as list_cost_usd,
        sum(facts.billed_cost_usd) as billed_cost_usd
    from {{ ref('fct_cost_daily') }} as facts
    inner join platforms
        on facts.platform_code = platforms.platform_code
    where
        facts.cost_date >= {{ tested_since('vw_api_consumption') }}
        and facts.cost_type != 'subscription'
        and (
            facts.api_key_id != {{ unattributed() }}
            or platforms.category = 'api_consumption'
        )
    group by facts.cost_date, facts.platform_code

),

usages as (

    select
        facts.usage_date,
        facts.platform_code,
        sum(facts.total_tokens) as tokens,
        sum(facts.requests) as requests
    from {{ ref('fct_usage_daily') }} as facts
    inner join platforms
        on facts.platform_code = platforms.platform_code
    where
        facts.usage_date >= {{ tested_since('vw_api_consumption') }}
        and (
            facts.api_key_id != {{ unattributed() }}
            or platforms.category = 'api_consumption'
        )
    group by facts.usage_date, facts.platform_code

),

held as (

    select
        usage_date,
        platform_code,
        sum(list_cost_usd) as list_cost_usd,
        sum(billed_cost_usd) as billed_cost_usd,
        sum(tokens) as tokens,
        sum(requests) as requests
    from {{ ref('vw_api_consumption') }}
    where usage_date >= {{ tested_since('vw_api_consumption') }}
    group by usage_date, platform_code

),

expected as (

    select
        coalesce(costs.usage_date, usages.usage_date) as usage_date,
        coalesce(costs.platform_code, usages.platform_code) as platform_code,
        coalesce(costs.list_cost_usd, 0) as list_cost_usd,
        coalesce(costs.billed_cost_usd, 0) as billed_cost_usd,
        coalesce(usages.tokens, 0) as tokens,
        coalesce(usages.requests, 0) as requests
    from costs
    full outer join usages
        on
            costs.usage_date = usages.usage_date
            and costs.platform_code = usages.platform_code

),

different as (

    select
        coalesce(expected.usage_date, held.usage_date) as usage_date,
        coalesce(expected.platform_code, held.platform_code) as platform_code,
        coalesce(held.billed_cost_usd, 0) - coalesce(expected.billed_cost_usd, 0)
            as billed_difference_usd,
        coalesce(held.list_cost_usd, 0) - coalesce(expected.list_cost_usd, 0)
            as list_difference_usd,
        coalesce(held.tokens, 0) - coalesce(expected.tokens, 0) as token_difference,
        coalesce(held.requests, 0) - coalesce(expected.requests, 0)
            as request_difference
    from expected
    full outer join held
        on
            expected.usage_date = held.usage_date
            and expected.platform_code = held.platform_code

)

select * from different
where
    billed_difference_usd != 0
    or list_difference_usd != 0
    or token_difference != 0
    or request_difference != 0
