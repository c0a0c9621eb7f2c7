-- Spend by model, by person, by type and by day is what the product's events say, for
-- each team and month, or for each subscription and month.
{{ config(store_failures=true) }}

{% set since = tested_since('fct_revops_usage_daily')[:13] ~ "-01'" %}
{% set by_team = {
    'fct_revops_usage_daily': 'usage_date',
    'fct_revops_user_metrics': 'month',
    'fct_revops_monthly_team_metrics': 'month',
    'vw_revops_model_spend': 'month',
    'vw_revops_user_models': 'month',
    'vw_revops_top_users': 'month',
    'vw_revops_depth_of_usage': 'month',
    'vw_revops_monthly_spend': 'month',
} %}
{% set by_subscription = {
    'model_usage_daily_sfdc': 'usage_date',
    'model_usage_monthly_sfdc': 'month',
    'subscription_overage': 'month',
} %}

with events as (

    select
        {{ first_day_of('month', 'events.usage_date') }} as month,
        events.team_id,
        coalesce(spans.subscription_id, {{ unattributed() }}) as subscription_id,
        events.api_cost_usd + events.token_fee_usd as total_cost_usd
    from {{ ref('stg_product__usage_events') }} as events
    left join {{ ref('int_revops_team_spans') }} as spans
        on
            events.team_id = spans.team_id
            and events.usage_date >= spans.valid_from
            and events.usage_date < spans.valid_to
    where events.usage_date >= {{ since }}

),

-- What the events say minus what a model says: nothing is left if they agree.
said as (

    {% for model, day in by_team.items() %}
        select
            '{{ model }}' as model_name,
            month,
            team_id as subject_id,
            total_cost_usd as cost_usd
        from events

        union all

        select
            '{{ model }}' as model_name,
            {{ first_day_of('month', day) }} as month,
            team_id as subject_id,
            -total_cost_usd as cost_usd
        from {{ ref(model) }}
        where
            {{ day }} >= {{ since }}
            {% if model == 'vw_revops_depth_of_usage' %}
                and bucket_type = 'dollars'
            {% endif %}

        union all
    {% endfor %}

    {% for model, day in by_subscription.items() %}
        select
            '{{ model }}' as model_name,
            month,
            subscription_id as subject_id,
            total_cost_usd as cost_usd
        from events

        union all

        select
            '{{ model }}' as model_name,
            {{ first_day_of('month', day) }} as month,
            subscription_id as subject_id,
            {% if model == 'subscription_overage' %}
                -used_usd as cost_usd
            {% else %}
                -total_cost_usd as cost_usd
            {% endif %}
        from {{ ref(model) }}
        where {{ day }} >= {{ since }}
        {{ "union all" if not loop.last }}
    {% endfor %}

),

differing as (

    select
        model_name,
        month,
        subject_id,
        sum(cost_usd) as missing_usd
    from said
    group by model_name, month, subject_id

)

select * from differing
where missing_usd != 0
