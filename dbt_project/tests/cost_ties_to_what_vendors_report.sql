-- Every dollar that a vendor reports is in the marts once, per day, organization and
-- platform.
{{ config(store_failures=true) }}

select
    cost_date,
    vendor,
    organization,
    platform_code,
    reported_usd,
    marts_usd,
    difference_usd
from {{ ref('rollup_cost_ties') }}
where difference_usd != 0
