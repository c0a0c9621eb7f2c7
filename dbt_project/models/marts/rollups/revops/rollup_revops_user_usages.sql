-- GRAIN: one row per month, team and person that used anything
with usages as (

    select * from {{ ref('rollup_revops_usages_by_month') }}

),

summed as (

    select
        month,
        team_id,
        user_id,
        cast(sum(case when is_core then requests else 0 end) as int64) as core_requests,
        cast(sum(case when is_bugbot then requests else 0 end) as int64)
            as bugbot_requests,
        cast(
            sum(case when is_bugbot then total_cost_usd else 0 end)
            as {{ type_money() }}
        ) as bugbot_cost_usd,
        count(distinct model) as models,
        string_agg(distinct model, ', ' order by model) as model_names,
        {{ summed_revops_usages() }}
    from usages
    group by month, team_id, user_id

)

select * from summed
