select
    cost_date,
    organization,
    'costs' as resource,
    load_id,
    'parrot' as platform_code,
    cast(null as {{ dbt.type_string() }}) as superseded_by,
    billed_cost_usd
from {{ ref('base_parrot__costs') }}
