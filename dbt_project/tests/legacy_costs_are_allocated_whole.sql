-- The parts of a row of the legacy cost report sum to the row, to the last digit.
with costs as (

    select
        record_id,
        billed_cost_usd
    from {{ ref('stg_anthropic__costs') }}
    where cost_date >= {{ tested_since('stg_anthropic__legacy_cost_shares') }}

),

parts as (

    select
        record_id,
        sum(billed_cost_usd) as billed_cost_usd
    from {{ ref('stg_anthropic__legacy_cost_shares') }}
    where cost_date >= {{ tested_since('stg_anthropic__legacy_cost_shares') }}
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
