-- What is known now of a day is what vendors report of it: the versions that no other
-- superseded have the dollars of the current records.
{{ config(store_failures=true) }}

{% set since = tested_since('fct_cost_versions') %}

with reported as (

    select
        cost_date as window_date,
        vendor,
        organization,
        sum(reported_usd) as reported_usd
    from {{ ref('int_cost_ties') }}
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
    window_date,
    vendor,
    organization,
    coalesce(reported.reported_usd, 0) as reported_usd,
    coalesce(in_force.in_force_usd, 0) as in_force_usd
from reported
full outer join in_force
    using (window_date, vendor, organization)
where coalesce(reported.reported_usd, 0) != coalesce(in_force.in_force_usd, 0)
