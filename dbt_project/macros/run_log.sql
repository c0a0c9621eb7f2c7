{#
On-run-start: what each `make run` brought, how long it took and what it read. The pipeline
adds a row at the end of a run (pipeline/run_log.py); marts.pipeline_runs shows them.
#}
{% macro create_run_log() -%}
    {%- if var('offline') or not execute -%}
        {{ return('') }}
    {%- endif -%}
    create table if not exists {{ relation_of_runs('run_log') }} (
        run_id string,
        started_at {{ dbt.type_timestamp() }},
        exit_code int64,
        is_sample bool,
        extract_seconds {{ type_number() }},
        build_seconds {{ type_number() }},
        preview_seconds {{ type_number() }},
        run_seconds {{ type_number() }},
        failures int64,
        warnings int64,
        records_landed int64,
        nodes_built int64,
        bytes_billed int64
    )
{%- endmacro %}
