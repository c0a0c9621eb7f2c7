-- The parts of a cost by project sum to it, to the last digit.
with costs as (

    select
        record_id,
        billed_cost_usd
    from {{ ref('stg_openai__costs') }}
    where
        resource = 'costs'
        and cost_date >= {{ tested_since('stg_openai__cost_shares') }}

),

parts as (

    select
        record_id,
        sum(billed_cost_usd) as billed_cost_usd
    from {{ ref('stg_openai__cost_shares') }}
    where cost_date >= {{ tested_since('stg_openai__cost_shares') }}
    group by record_id

),

different as (

    select
        costs.record_id,
        costs.billed_cost_usd as reported_usd,
        parts.billed_cost_usd as allocated_usd
    from costs
    full outer join parts
        on costs.record_id = parts.record_id
    where
        costs.record_id is null
        or parts.record_id is null
        or costs.billed_cost_usd != parts.billed_cost_usd

)

select * from different
