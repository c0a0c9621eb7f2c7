-- No record of the last days failed the check (rejected_records_warn, _error); those
-- that did are in rejected_records of the source's raw schema.
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
        rejected_records,
        {{ quality_level('rejected_records', '>', 'rejected_records') }}
            as quality_level
    from days

)

select * from judged
where quality_level > 0
