{{ config(materialized='view') }}

-- GRAIN: one row per month, team, kind of class (dollars, requests) and class, also of
-- those in which nobody is
{% set kinds = {'dollars': 'dollar', 'requests': 'request'} %}

with people as (

    select * from {{ ref('fct_revops_user_metrics') }}

),

buckets as (

    select * from {{ ref('revops_buckets') }}

),

teams as (

    select * from {{ ref('dim_teams') }}

),

team_months as (

    select distinct
        month,
        is_complete_month,
        team_id
    from people

),

classed as (

    {% for kind, column in kinds.items() %}
        select
            '{{ kind }}' as bucket_type,
            month,
            team_id,
            {{ column }}_bucket_position as bucket_position,
            user_id,
            total_cost_usd
        from people
        {{ "union all" if not loop.last }}
    {% endfor %}

),

counted as (

    select
        team_months.month,
        team_months.is_complete_month,
        team_months.team_id,
        teams.team_name,
        teams.subscription_id,
        teams.account_id,
        buckets.bucket_type,
        buckets.bucket_position,
        buckets.bucket,
        {{ distinct_people('classed.user_id') }} as people,
        cast(coalesce(sum(classed.total_cost_usd), 0) as {{ type_money() }})
            as total_cost_usd
    from team_months
    inner join teams
        on team_months.team_id = teams.team_id
    cross join buckets
    left join classed
        on
            team_months.month = classed.month
            and team_months.team_id = classed.team_id
            and buckets.bucket_type = classed.bucket_type
            and buckets.bucket_position = classed.bucket_position
    group by
        team_months.month,
        team_months.is_complete_month,
        team_months.team_id,
        teams.team_name,
        teams.subscription_id,
        teams.account_id,
        buckets.bucket_type,
        buckets.bucket_position,
        buckets.bucket

)

select * from counted
