{{ config(**replaced_by_day(
    'window_start', changes='stg_google__changed_invoice_days',
    cluster_by=['organization']
)) }}

-- GRAIN: one row per resource, day of usage, and load that changed what it cost
-- A day of usage has a new version with every load that brings or replaces rows of it,
-- whatever days they were exported on. What taxes add to the day has versions of its
-- own: they come with the invoice, and are no revision of what was used.
{% set days = changed_days(ref('stg_google__changed_invoice_days')) %}

with charges as (

    select * from {{ ref('stg_google__charge_changes') }}
    where {{ in_days('usage_date', days) }}

),

taxes as (

    select * from {{ ref('stg_google__taxes') }}
    where {{ in_days('usage_date', days) }}

),

charge_loads as (

    select
        organization,
        usage_date,
        load_id,
        loaded_at,
        sum(records) as records_added
    from charges
    group by organization, usage_date, load_id, loaded_at

),

charge_versions as (

    select
        'costs' as resource,
        organization,
        load_id,
        cast(
            sum(records_added) over (
                partition by organization, usage_date order by loaded_at, load_id
            ) as int64
        ) as records,
        usage_date as window_start,
        loaded_at
    from charge_loads

),

tax_versions as (

    select
        'taxes' as resource,
        organization,
        load_id,
        cast(count(*) as int64) as records,
        usage_date as window_start,
        loaded_at
    from taxes
    group by organization, load_id, usage_date, loaded_at

),

unioned as (

    select * from charge_versions

    union all

    select * from tax_versions

),

versions as (

    select
        {{ conformed_row(
            'cost_versions',
            [
                'resource', 'organization', 'load_id', 'records', 'window_start',
                'loaded_at',
            ]
        ) }}
    from unioned
    where window_start < {{ as_of_date() }}

)

select * from versions
