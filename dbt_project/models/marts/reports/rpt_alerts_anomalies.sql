-- GRAIN: one row per day and scope with an anomaly that people are alerted about
with anomalies as (

    select * from {{ ref('fct_cost_anomalies') }}
    where
        -- Older anomalies are history, not news.
        anomaly_date >= {{ days_before_run(7) }}
        and anomaly_date < {{ as_of_date() }}
        and severity in ('critical', 'warning')
        and not is_part_of_another

),

chosen as (

    select
        {{ as_of_date() }} as as_of_date,
        anomaly_date,
        scope_type,
        scope,
        scope_name,
        severity,
        cost_usd,
        baseline_usd,
        excess_usd,
        explained_by
    from anomalies

)

select * from chosen
