-- A line item of OpenAI that the seed openai_line_items does not have is billed, but of
-- no model and no type of tokens: add it to the seed.
{{ config(severity='warn', store_failures=true) }}

with charges as (

    select * from {{ ref('int_unknown_charges') }}
    where
        source_name = 'openai'
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
