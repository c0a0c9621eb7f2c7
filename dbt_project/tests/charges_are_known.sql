-- A kind of charge that the seeds do not have: a kind of Cursor event
-- (cursor_usage_kinds), a SKU of Google or GitHub that looks like an AI tool
-- (google_skus, github_skus), a line item of OpenAI (openai_line_items). It counts
-- until somebody says what it is: add it to the seed, without a platform if it is no AI
-- tool.
{{ config(store_failures=true) }}

with charges as (

    select * from {{ ref('int_unknown_charges') }}
    where cost_date >= {{ tested_since('int_costs') }}

),

unknown as (

    select
        source_name,
        kind,
        sum(events) as events,
        sum(charged_usd) as charged_usd,
        min(cost_date) as first_date
    from charges
    group by source_name, kind

)

select * from unknown
