{{ config(tags=['every_run']) }}

-- GRAIN: one row per source and organization with missing reports of the week
with qualities as (

    select * from {{ ref('fct_data_quality_daily') }}
    where
        quality_date >= {{ days_before_run(7) }}
        and quality_date < {{ as_of_date() }}

),

summed as (

    select
        source_name,
        organization,
        cast(sum(windows_expected) as int64) as windows_expected,
        cast(sum(windows_landed) as int64) as windows_landed
    from qualities
    group by source_name, organization

),

gaps as (

    select
        {{ as_of_date() }} as as_of_date,
        source_name,
        organization,
        windows_expected,
        windows_landed,
        windows_expected - windows_landed as windows_missing
    from summed
    where windows_landed < windows_expected

)

select * from gaps
