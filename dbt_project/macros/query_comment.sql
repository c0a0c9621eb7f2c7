{# What a statement says of itself, as a comment and, on BigQuery, as labels of the job. #}
{% macro query_comment(node) -%}
    {{ return(tojson({
        'target': target.name,
        'model': node.name if node else 'dbt',
        'resource_type': node.resource_type if node else 'operation',
    })) }}
{%- endmacro %}
