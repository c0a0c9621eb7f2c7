-- A kind of Cursor event that the seed cursor_usage_kinds does not list is billed until
-- somebody says what it is: add it to the seed.
{{ config(store_failures=true) }}

with charges as (

    select * from {{ ref('stg_cursor__charges') }}

),

unknown as (

    select
        kind,
        count(*) as events,
        sum(charge_usd) as charged_usd,
        min(usage_date) as first_date
    from charges
    where
        charge_category = 'unknown'
        and usage_date >= {{ tested_since('int_costs') }}
    group by kind

)

select * from unknown
