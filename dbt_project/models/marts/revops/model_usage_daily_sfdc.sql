{{ config(materialized='view') }}

-- GRAIN: one row per day, subscription, model and type of usage
with usages as (

    select * from {{ ref('rollup_revops_subscription_usages') }}

),

summed as (

    select
        usage_date,
        subscription_id,
        account_id,
        model,
        usage_type,
        is_bugbot,
        {{ distinct_people('user_id') }} as people,
        {{ summed_revops_usages() }}
    from usages
    group by usage_date, subscription_id, account_id, model, usage_type, is_bugbot

)

select * from summed
