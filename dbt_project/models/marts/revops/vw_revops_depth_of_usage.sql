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

team_months as (

    select distinct
        month,
        is_complete_month,
        team_id,
        team_name,
        subscription_id,
        subscription_name,
        account_id,
        account_name
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
        team_months.team_name,
        team_months.subscription_id,
        team_months.subscription_name,
        team_months.account_id,
        team_months.account_name,
        buckets.bucket_type,
        buckets.bucket_position,
        buckets.bucket,
        {{ distinct_people('classed.user_id') }} as people,
        cast(coalesce(sum(classed.total_cost_usd), 0) as {{ type_money() }})
            as total_cost_usd
    from team_months
    cross join buckets
    left join classed
        on
            team_months.month = classed.month
            and team_months.team_id = classed.team_id
            and buckets.bucket_type = classed.bucket_type
            and buckets.bucket_position = classed.bucket_position
    group by all

)

select * from counted
