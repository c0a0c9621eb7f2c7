-- A version counts until the next one of its report. Where another report replaces it,
-- it counts until that one is first there, which may be before the version itself is.
{{ config(store_failures=true) }}

{% set since = tested_since('fct_cost_versions') %}

with versions as (

    select * from {{ ref('fct_cost_versions') }}
    where window_date >= {{ since }}

)

select
    versions.window_date,
    versions.vendor,
    versions.organization,
    versions.resource,
    versions.version_number,
    versions.reported_at,
    versions.superseded_at
from versions
left join versions as replacing
    on
        versions.window_date = replacing.window_date
        and versions.vendor = replacing.vendor
        and versions.organization = replacing.organization
        and versions.resource != replacing.resource
        and versions.superseded_at = replacing.reported_at
where
    versions.superseded_at < versions.reported_at
    and replacing.resource is null
