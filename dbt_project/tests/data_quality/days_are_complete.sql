-- Each of the last days has the reports that are due for it (completeness_warn,
-- _error).
{{ config(
    store_failures=true,
    fail_calc='coalesce(max(quality_level), 0)',
    warn_if='>= 1',
    error_if='>= 2',
) }}

with days as (

    select * from {{ ref('fct_data_quality_daily') }}
    where quality_date >= {{ judged_since() }}

),

judged as (

    select
        quality_date,
        source_name,
        organization,
        windows_expected,
        windows_landed,
        completeness,
        {{ quality_level('completeness', '<', 'completeness') }} as quality_level
    from days

)

select * from judged
where quality_level > 0
