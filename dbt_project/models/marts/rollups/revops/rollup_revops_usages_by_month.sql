{{ config(**replaced_by_month(
    'month',
    changes='int_changed_revops_days',
    cluster_by=['team_id', 'user_id', 'model']
)) }}

-- GRAIN: one row per month, team, person, model and type of usage
-- INVARIANT: sums to fct_revops_usage_daily
{% set days = days_of_changed_months(ref('int_changed_revops_days')) %}

with usages as (

    select * from {{ ref('fct_revops_usage_daily') }}
    where {{ in_days('usage_date', days) }}

),

dated as (

    select
        *,
        {{ first_day_of('month', 'usage_date') }} as month
    from usages

),

summed as (

    select
        month,
        team_id,
        user_id,
        model,
        usage_type,
        is_bugbot,
        is_core,
        {{ summed_revops_usages() }}
    from dated
    group by month, team_id, user_id, model, usage_type, is_bugbot, is_core

)

select * from summed
