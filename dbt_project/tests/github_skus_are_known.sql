-- A SKU of GitHub that looks like Copilot, and that the seed github_skus does not have,
-- counts until somebody says what it is: add it to the seed, without a platform if it
-- is not Copilot. Premium requests, of plans from before June 2026, are among them.
{{ config(severity='warn', store_failures=true) }}

with charges as (

    select * from {{ ref('int_unknown_charges') }}
    where
        source_name = 'github'
        and cost_date >= {{ tested_since('int_costs') }}

),

unknown as (

    select
        kind,
        sum(events) as events,
        sum(charged_usd) as charged_usd,
        min(cost_date) as first_date
    from charges
    group by kind

)

select * from unknown
