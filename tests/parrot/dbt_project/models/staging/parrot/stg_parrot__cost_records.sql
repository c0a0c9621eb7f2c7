select
    cost_date,
    organization,
    'costs' as resource,
    load_id,
    'parrot' as platform_code,
    cast(null as {{ dbt.type_string() }}) as superseded_by,
    cast(null as date) as invoice_month,
    billed_cost_usd
from {{ ref('base_parrot__costs') }}
