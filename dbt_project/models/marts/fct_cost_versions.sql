{{ config(**replaced_by_day(
    'window_date', changes='int_changed_windows', cluster_by=['vendor', 'organization']
)) }}

-- GRAIN: one row per cost window and version
{% set days = changed_days(ref('int_changed_windows')) %}

with versions as (

    select * from {{ ref('int_cost_versions') }}
    where {{ in_days('window_date', days) }}

),

final as (

    select
        window_date,
        vendor,
        organization,
        resource,
        load_id,
        version_number,
        records,
        reported_usd,
        reported_at,
        superseded_at
    from versions

)

select * from final
