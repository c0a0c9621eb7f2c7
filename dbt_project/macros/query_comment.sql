{# What a statement says about itself: a comment and, on BigQuery, labels of the job. #}
{% macro query_comment(node) -%}
    {{ return(tojson({
        'target': target.name,
        'run_id': env_var('RUN_ID', 'none'),
        'model': node.name if node else 'dbt',
        'resource_type': node.resource_type if node else 'operation',
    })) }}
{%- endmacro %}
