{{ config(materialized='view') }}

-- GRAIN: one row per month, subscription, model and type of usage
with usages as (

    select
        *,
        {{ first_day_of('month', 'usage_date') }} as month
    from {{ ref('rollup_revops_subscription_usages') }}

),

summed as (

    select
        month,
        {{ is_complete_month('month') }} as is_complete_month,
        subscription_id,
        account_id,
        model,
        usage_type,
        is_bugbot,
        {{ distinct_people('user_id') }} as people,
        {{ summed_revops_usages() }}
    from usages
    group by month, subscription_id, account_id, model, usage_type, is_bugbot

)

select * from summed
