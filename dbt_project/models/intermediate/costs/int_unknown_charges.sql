-- GRAIN: one row per day, organization and unknown kind of charge
-- Until somebody says what such a kind is, it counts as billed.
with charges as (

    select * from {{ ref('stg_cursor__charges') }}
    where charge_category = 'unknown'

),

summed as (

    select
        usage_date as cost_date,
        'cursor' as source_name,
        organization,
        kind,
        count(*) as events,
        sum(charge_usd) as charged_usd
    from charges
    group by usage_date, organization, kind

)

select * from summed
