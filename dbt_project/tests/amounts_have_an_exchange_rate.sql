-- Enter the rate of the currency in the tab `exchange_rates`, valid from that day or
-- earlier: until then the amount is in no sum of dollars.
{{ config(store_failures=true) }}

select
    amount,
    currency,
    amount_date,
    kind,
    source,
    organization
from {{ ref('int_amounts_without_rate') }}
