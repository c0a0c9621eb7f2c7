-- What Cursor says its members spent is close to the sum of its events. Only for months
-- that are over: at the beginning of a cycle, the day of the snapshot is a large part
-- of it.
{{ config(severity='warn', store_failures=true) }}

select
    platform_code,
    organization,
    month,
    {{ usd_in_words('snapshot_usd') }} as snapshot_usd,
    {{ usd_in_words('snapshot_events_usd') }} as snapshot_events_usd,
    {{ usd_in_words('snapshot_difference_usd') }} as snapshot_difference_usd,
    snapshot_from_date,
    snapshot_date
from {{ ref('fct_cost_reconciliation') }}
where
    is_complete_month
    and abs(snapshot_difference_usd) > {{ tolerance(
        'snapshot_usd',
        var('snapshot_tolerance_usd'),
        var('snapshot_tolerance_percent')
    ) }}
