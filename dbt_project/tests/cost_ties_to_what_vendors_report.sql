-- Every dollar that a vendor reports is in the marts once, per day and organization.
{{ config(store_failures=true) }}

select
    cost_date,
    vendor,
    organization,
    reported_usd,
    marts_usd,
    difference_usd
from {{ ref('int_cost_ties') }}
where difference_usd != 0
