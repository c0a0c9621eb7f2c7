-- GRAIN: one row per day and scope with an anomaly that people are alerted about
with anomalies as (

    select * from {{ ref('fct_cost_anomalies') }}
    where
        -- Older anomalies are history, not news.
        anomaly_date >= {{ days_before_run(7) }}
        and anomaly_date < {{ as_of_date() }}
        and severity in ('critical', 'warning')

),

api_keys as (

    select * from {{ ref('dim_api_keys') }}

),

named as (

    select
        {{ as_of_date() }} as as_of_date,
        anomalies.anomaly_date,
        anomalies.scope_type,
        anomalies.scope,
        coalesce(api_keys.api_key_name, anomalies.scope) as scope_name,
        anomalies.severity,
        anomalies.cost_usd,
        anomalies.baseline_usd,
        anomalies.excess_usd,
        anomalies.explained_by
    from anomalies
    left join api_keys
        on
            anomalies.scope_type = 'api_key'
            and anomalies.scope = api_keys.api_key_id

)

select * from named
