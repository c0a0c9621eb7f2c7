{{ config(materialized='view') }}

-- GRAIN: one row per day, subscription, model and type of usage
with usages as (

    select * from {{ ref('fct_revops_usage_daily') }}

),

teams as (

    select * from {{ ref('dim_teams') }}

),

summed as (

    select
        usages.usage_date,
        teams.subscription_id,
        teams.account_id,
        usages.model,
        usages.usage_type,
        usages.is_bugbot,
        {{ distinct_people('usages.user_id') }} as people,
        {{ summed_revops_usages('usages') }}
    from usages
    inner join teams
        on usages.team_id = teams.team_id
    group by
        usages.usage_date,
        teams.subscription_id,
        teams.account_id,
        usages.model,
        usages.usage_type,
        usages.is_bugbot

)

select * from summed
