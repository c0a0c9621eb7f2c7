-- Spend by model, by person, by type and by day is the same total for each month.
with events as (

    select
        {{ first_day_of('month', 'usage_date') }} as month,
        sum(api_cost_usd + token_fee_usd) as total_cost_usd
    from {{ ref('stg_product__usage_events') }}
    group by {{ first_day_of('month', 'usage_date') }}

),

{% set monthly = [
    'fct_revops_user_metrics', 'fct_revops_monthly_team_metrics',
    'model_usage_monthly_sfdc', 'vw_revops_model_spend', 'vw_revops_user_models',
    'vw_revops_monthly_spend',
] %}
{% set daily = ['fct_revops_usage_daily', 'model_usage_daily_sfdc'] %}

summed as (

    {% for model in monthly %}
        select
            '{{ model }}' as model_name,
            month,
            sum(total_cost_usd) as total_cost_usd
        from {{ ref(model) }}
        group by month

        union all
    {% endfor %}

    {% for model in daily %}
        select
            '{{ model }}' as model_name,
            {{ first_day_of('month', 'usage_date') }} as month,
            sum(total_cost_usd) as total_cost_usd
        from {{ ref(model) }}
        group by {{ first_day_of('month', 'usage_date') }}

        union all
    {% endfor %}

    select
        'subscription_overage' as model_name,
        month,
        sum(used_usd) as total_cost_usd
    from {{ ref('subscription_overage') }}
    group by month

    union all

    select
        'vw_revops_depth_of_usage' as model_name,
        month,
        sum(total_cost_usd) as total_cost_usd
    from {{ ref('vw_revops_depth_of_usage') }}
    where bucket_type = 'dollars'
    group by month

),

differing as (

    select
        summed.model_name,
        summed.month,
        summed.total_cost_usd,
        events.total_cost_usd as events_cost_usd
    from summed
    left join events
        on summed.month = events.month
    where summed.total_cost_usd != coalesce(events.total_cost_usd, 0)

)

select * from differing
