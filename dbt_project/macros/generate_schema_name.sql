{# marts is `marts` on DuckDB and `<BIGQUERY_DATASET>_marts` on BigQuery. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if target.type == 'bigquery' -%}
        {{ target.dataset }}_{{ custom_schema_name }}
    {%- else -%}
        {{ custom_schema_name or target.schema }}
    {%- endif -%}
{%- endmacro %}
