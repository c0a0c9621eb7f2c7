-- An invoice that differs from the marts by more than the tolerance is a question for
-- the vendor, not an error of the run.
{{ config(severity='warn', store_failures=true) }}

select
    platform_code,
    coalesce(organization, 'all organizations') as organization,
    {{ first_day_of('month', 'period_start') }} as month,
    {{ usd_in_words('amount_usd') }} as invoiced_usd,
    {{ usd_in_words('covered_usd') }} as marts_usd,
    {{ usd_in_words('difference_usd') }} as difference_usd,
    reason,
    concat('In dispute: ', reason) as sentence
from {{ ref('rollup_invoice_verdicts') }}
where
    is_beyond_tolerance
    and reconciliation_status = 'disputed'
