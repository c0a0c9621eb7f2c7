-- Add the report that brings the vendor's cost to the seed `cost_reports`: without it a
-- statement cannot say whether a month of the vendor is whole.
with vendors as (

    {% for vendor, kinds in var('vendors').items() if 'cost_rows' in kinds %}
        select '{{ vendor }}' as vendor
        {{ "union all" if not loop.last }}
    {% endfor %}

),

cost_reports as (

    select * from {{ ref('cost_reports') }}

)

select vendors.vendor
from vendors
left join cost_reports
    on vendors.vendor = cost_reports.vendor
where cost_reports.vendor is null
