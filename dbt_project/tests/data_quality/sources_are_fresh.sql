-- At the end of the day of the run, no source was last requested more than
-- freshness_hours_warn ago (fails at freshness_hours_error). One that is no longer used
-- need not be.
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

-- A source that was first requested today cannot be judged yet.
newest as (

    select
        quality_date,
        source_name,
        organization,
        last_loaded_at,
        hours_since_last_load
    from days
    where hours_since_last_load is not null
    qualify row_number() over (
        partition by source_name, organization
        order by quality_date desc
    ) = 1

),

judged as (

    select
        *,
        {{ quality_level('hours_since_last_load', '>', 'freshness_hours') }}
            as quality_level
    from newest

)

select * from judged
where quality_level > 0
