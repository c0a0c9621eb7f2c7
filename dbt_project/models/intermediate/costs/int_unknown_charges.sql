-- GRAIN: one row per day, organization and unknown kind of charge
-- Until somebody says what such a kind is, it counts as billed.
with cursor_charges as (

    select * from {{ ref('stg_cursor__charges') }}
    where charge_category = 'unknown'

),

google_charges as (

    select * from {{ ref('stg_google__current_charges') }}
    where not is_known

),

github_charges as (

    select * from {{ ref('stg_github__unknown_charges') }}

),

charges as (

    select
        usage_date as cost_date,
        'cursor' as source_name,
        organization,
        kind,
        charge_usd
    from cursor_charges

    union all

    select
        usage_date as cost_date,
        'google' as source_name,
        organization,
        concat(
            coalesce(service_name, 'no service'), ': ', coalesce(sku_name, 'no SKU')
        ) as kind,
        billed_cost_usd as charge_usd
    from google_charges

    union all

    select
        cost_date,
        'github' as source_name,
        organization,
        kind,
        charge_usd
    from github_charges

),

summed as (

    select
        cost_date,
        source_name,
        organization,
        kind,
        count(*) as events,
        sum(charge_usd) as charged_usd
    from charges
    group by cost_date, source_name, organization, kind

)

select * from summed
