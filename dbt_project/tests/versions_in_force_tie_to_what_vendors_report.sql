-- What is known now about a day is what vendors report for it: the versions that were
-- not superseded have the dollars of the current records.
{{ config(store_failures=true) }}

{% set since = tested_since('fct_cost_versions') %}

with reported as (

    select
        cost_date as window_date,
        vendor,
        organization,
        sum(reported_usd) as reported_usd
    from {{ ref('rollup_cost_ties') }}
    where
        measure = 'billed'
        and cost_date >= {{ since }}
    group by cost_date, vendor, organization

),

in_force as (

    select
        window_date,
        vendor,
        organization,
        sum(reported_usd) as in_force_usd
    from {{ ref('fct_cost_versions') }}
    where
        superseded_at is null
        and window_date >= {{ since }}
    group by window_date, vendor, organization

)

select
    coalesce(reported.window_date, in_force.window_date) as window_date,
    coalesce(reported.vendor, in_force.vendor) as vendor,
    coalesce(reported.organization, in_force.organization) as organization,
    coalesce(reported.reported_usd, 0) as reported_usd,
    coalesce(in_force.in_force_usd, 0) as in_force_usd
from reported
full outer join in_force
    on
        reported.window_date = in_force.window_date
        and reported.vendor = in_force.vendor
        and reported.organization = in_force.organization
where coalesce(reported.reported_usd, 0) != coalesce(in_force.in_force_usd, 0)
