{{ config(**replaced_by_day(
    'window_date', changes='int_changed_windows', cluster_by=['vendor', 'organization']
)) }}

-- GRAIN: one row per window whose amount the vendor changed after reporting it
{% set days = changed_days(ref('int_changed_windows')) %}
{% set window = 'partition by window_date, vendor, organization, resource' %}

with versions as (

    select * from {{ ref('fct_cost_versions') }}
    where {{ in_days('window_date', days) }}

),

compared as (

    select
        window_date,
        vendor,
        organization,
        resource,
        version_number,
        reported_at,
        records,
        reported_usd,
        lag(records) over ({{ window }} order by version_number) as records_before,
        lag(reported_usd) over ({{ window }} order by version_number)
            as reported_usd_before,
        first_value(reported_usd) over ({{ window }} order by version_number)
            as first_reported_usd,
        min(reported_at) over ({{ window }}) as first_reported_at,
        count(*) over ({{ window }}) as versions,
        max(case when superseded_at is null then 1 else 0 end) over ({{ window }})
            as versions_in_force
    from versions

),

-- Other versions only moved the same amount between people, keys or models.
changed as (

    select
        *,
        count(*) over ({{ window }}) as restatements
    from compared
    where reported_usd != reported_usd_before
    qualify row_number() over ({{ window }} order by version_number desc) = 1

),

final as (

    select
        window_date,
        vendor,
        organization,
        resource,
        versions,
        restatements,
        first_reported_at,
        reported_at as restated_at,
        cast(reported_at as date) as restated_date,
        first_reported_usd as first_amount_usd,
        reported_usd_before as previous_amount_usd,
        reported_usd as current_amount_usd,
        cast(reported_usd - first_reported_usd as {{ type_money() }}) as change_usd,
        records_before,
        records as records_after,
        versions_in_force = 1 as is_in_force
    from changed

)

select * from final
