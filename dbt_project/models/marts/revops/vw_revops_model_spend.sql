{{ config(materialized='view') }}

-- GRAIN: one row per month, team, model and type of usage
with usages as (

    select * from {{ ref('rollup_revops_usages_by_month') }}

),

team_months as (

    select * from {{ ref('rollup_revops_team_months') }}

),

summed as (

    select
        usages.month,
        {{ is_complete_month('usages.month') }} as is_complete_month,
        usages.team_id,
        team_months.team_name,
        team_months.subscription_id,
        team_months.subscription_name,
        team_months.account_id,
        team_months.account_name,
        usages.model,
        usages.usage_type,
        usages.is_bugbot,
        {{ distinct_people('usages.user_id') }} as people,
        {{ summed_revops_usages('usages') }}
    from usages
    inner join team_months
        on
            usages.team_id = team_months.team_id
            and usages.month = team_months.month
    group by
        usages.month,
        usages.team_id,
        team_months.team_name,
        team_months.subscription_id,
        team_months.subscription_name,
        team_months.account_id,
        team_months.account_name,
        usages.model,
        usages.usage_type,
        usages.is_bugbot

)

select * from summed
