{{ config(materialized='view') }}

-- GRAIN: one row per run of the pipeline
-- A view, because a run adds its row after dbt has ended.
with runs as (

    select * from {{ source('build', 'run_log') }}

),

priced as (

    select
        run_id,
        started_at,
        cast(started_at as date) as run_date,
        cast(exit_code as int64) as exit_code,
        exit_code = 0 as is_successful,
        is_sample,
        cast(failures as int64) as failures,
        cast(warnings as int64) as warnings,
        cast(records_landed as int64) as records_landed,
        cast(nodes_built as int64) as nodes_built,
        cast(extract_seconds as {{ type_number() }}) as extract_seconds,
        cast(build_seconds as {{ type_number() }}) as build_seconds,
        cast(preview_seconds as {{ type_number() }}) as preview_seconds,
        cast(run_seconds as {{ type_number() }}) as run_seconds,
        cast(bytes_billed as int64) as bytes_billed,
        {{ ratio(
            'bytes_billed * ' ~ var('bigquery_usd_per_tebibyte'),
            '1099511627776',
        ) }} as query_cost_usd
    from runs

)

select * from priced
