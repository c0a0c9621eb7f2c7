{# None of `columns` is null in any row: one query instead of many tests. #}
{% test never_null(model, columns) %}
    select {{ columns | join(', ') }}
    from {{ model }}
    where
        {% for column in columns -%}
            {{ "or " if not loop.first }}{{ column }} is null
        {% endfor %}
{% endtest %}
