{# The expression holds in every row; null does not count as true. #}
{% test is_true(model, expression) %}
    select *
    from {{ model }}
    where not coalesce({{ expression }}, false)
{% endtest %}
