{{ config(materialized='view') }}

-- GRAIN: one row per day, subscription, model and type of usage
with usages as (

    select * from {{ ref('fct_revops_usage_daily') }}

),

spans as (

    select * from {{ ref('int_revops_team_spans') }}

),

-- A team belongs to the subscription that was in force on the day itself, also in the
-- month of a renewal.
linked as (

    select
        usages.*,
        coalesce(spans.subscription_id, {{ unattributed() }}) as subscription_id,
        coalesce(spans.account_id, {{ unattributed() }}) as account_id
    from usages
    left join spans
        on
            usages.team_id = spans.team_id
            and usages.usage_date >= spans.valid_from
            and usages.usage_date < spans.valid_to

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
    from linked
    group by usage_date, subscription_id, account_id, model, usage_type, is_bugbot

)

select * from summed
