{#
Compiling without a warehouse, as `make check-bigquery` and `make plan-bigquery` do: the var
`offline` says which of its two forms an incremental model takes, and on which days.

    offline: {branch: incremental, days: ['2026-11-19', '2026-11-20']}
#}

{# The rows of a query that dbt sends to the warehouse while it compiles. #}
{% macro answer(query, offline) -%}
    {{ return(offline if var('offline') else run_query(query).rows) }}
{%- endmacro %}

{% macro offline_days() -%}
    {%- set rows = [] -%}
    {%- for day in (var('offline') or {}).get('days', []) -%}
        {%- do rows.append([day]) -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}

{# dbt asks the warehouse whether the table exists. #}
{% macro is_incremental() -%}
    {%- if var('offline') -%}
        {{ return(
            config.get('materialized') == 'incremental'
            and var('offline')['branch'] == 'incremental'
        ) }}
    {%- endif -%}
    {{ return(dbt.is_incremental()) }}
{%- endmacro %}
