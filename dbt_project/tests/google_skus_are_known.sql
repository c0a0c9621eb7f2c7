-- A SKU of Google that looks like AI, and that the seed google_skus does not have,
-- counts as Gemini until somebody says what it is: add it to the seed, without a
-- platform if it is no AI tool.
{{ config(severity='warn', store_failures=true) }}

with charges as (

    select * from {{ ref('int_unknown_charges') }}
    where
        source_name = 'google'
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
