{{ config(materialized='view') }}

-- GRAIN: one row per month, team, person and model
with usages as (

    select * from {{ ref('rollup_revops_usages_by_month') }}

),

people as (

    select * from {{ ref('fct_revops_user_metrics') }}

),

summed as (

    select
        month,
        team_id,
        user_id,
        model,
        {{ summed_revops_usages() }}
    from usages
    group by month, team_id, user_id, model

),

joined as (

    select
        summed.month,
        people.is_complete_month,
        summed.team_id,
        people.team_name,
        people.subscription_id,
        people.subscription_name,
        people.account_id,
        people.account_name,
        summed.user_id,
        people.email,
        summed.model,
        people.dollar_bucket,
        people.dollar_bucket_position,
        people.request_bucket,
        people.request_bucket_position,
        summed.requests,
        summed.fresh_tokens,
        summed.total_tokens,
        summed.api_cost_usd,
        summed.token_fee_usd,
        summed.token_fee_by_rule_usd,
        summed.total_cost_usd
    from summed
    inner join people
        on
            summed.month = people.month
            and summed.team_id = people.team_id
            and summed.user_id = people.user_id

)

select * from joined
