-- GRAIN: one row per day, organization and unknown kind of charge
-- Until somebody says what such a kind is, it counts as billed.
with charges as (

    {{ all_vendors('unknown_charges') }}

),

summed as (

    select
        cost_date,
        vendor as source_name,
        organization,
        kind,
        count(*) as events,
        sum(charged_usd) as charged_usd
    from charges
    group by cost_date, vendor, organization, kind

)

select * from summed
