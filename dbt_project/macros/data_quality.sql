{# How the quality of the data is judged. The levels are vars in dbt_project.yml. #}

{# Every window of every completed load of a source, whether or not it changed. #}
{% macro completed_extractions(source_name) -%}
    with extractions as (

        select * from {{ source('raw_' ~ source_name, 'extractions') }}

    ),

    loads as (

        select * from {{ source('raw_' ~ source_name, '_dlt_loads') }}
        where status = 0

    ),

    completed as (

        select
            extractions._dlt_id as extraction_id,
            extractions.resource,
            extractions.organization,
            extractions.records,
            extractions.rejected,
            extractions.is_changed,
            extractions.window_start,
            cast(loads.inserted_at as {{ dbt.type_timestamp() }}) as loaded_at
        from extractions
        inner join loads
            on extractions._dlt_load_id = loads.load_id

    )

    select * from completed
{%- endmacro %}

{# The last day that an organization of a source reports on, by the var `last_days`; without
one the end of time. #}
{% macro last_day_of(source_name, organization) -%}
    {%- if not var('last_days') -%}
        {{ return(end_of_time()) }}
    {%- endif -%}
    case
        {%- for name, day in var('last_days').items() %}
            when
                '{{ name }}' in (
                    {{ source_name }}, {{ source_name }} || '/' || {{ organization }}
                )
                then date '{{ day }}'
        {%- endfor %}
        else {{ end_of_time() }}
    end
{%- endmacro %}

{# Whole hours from one timestamp to a later one. #}
{% macro hours_between(later, earlier) -%}
    {{ return(adapter.dispatch('hours_between')(later, earlier)) }}
{%- endmacro %}

{% macro duckdb__hours_between(later, earlier) -%}
    date_sub('hour', {{ earlier }}, {{ later }})
{%- endmacro %}

{% macro bigquery__hours_between(later, earlier) -%}
    timestamp_diff({{ later }}, {{ earlier }}, hour)
{%- endmacro %}

{#
2 if a value is beyond the level that fails a run, 1 if it is beyond the level that warns,
otherwise 0. The levels are vars; a level that is null is never exceeded.
#}
{% macro quality_level(value, past, rule) -%}
    case
        {%- for level, number in [('error', 2), ('warn', 1)] %}
            {%- set limit = var(rule ~ '_' ~ level) %}
            {%- if limit is not none %}
                when {{ value }} {{ past }} {{ limit }} then {{ number }}
            {%- endif %}
        {%- endfor %}
        else 0
    end
{%- endmacro %}

{# The first of the days that the tests judge. #}
{% macro judged_since() -%}
    {%- set today = modules.datetime.date.fromisoformat(
        (var("as_of_date") or run_started_at.strftime("%Y-%m-%d")) | string
    ) -%}
    date '{{ today - modules.datetime.timedelta(days=var("data_quality_days")) }}'
{%- endmacro %}
