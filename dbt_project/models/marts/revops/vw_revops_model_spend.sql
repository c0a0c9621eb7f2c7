{{ config(materialized='view') }}

-- GRAIN: one row per month, team, model and type of usage
with usages as (

    select * from {{ ref('int_revops_usages_by_month') }}

),

teams as (

    select * from {{ ref('dim_teams') }}

),

summed as (

    select
        usages.month,
        {{ is_complete_month('usages.month') }} as is_complete_month,
        usages.team_id,
        teams.team_name,
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
        usages.month,
        usages.team_id,
        teams.team_name,
        teams.subscription_id,
        teams.account_id,
        usages.model,
        usages.usage_type,
        usages.is_bugbot

)

select * from summed
