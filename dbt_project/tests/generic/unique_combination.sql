{# No two rows are equal in all of `columns`; null is a value like any other. #}
{% test unique_combination(model, columns) %}
    with keys as (

        select {{ surrogate_text(columns) }} as combined_key
        from {{ model }}

    )

    select
        combined_key,
        count(*) as row_count
    from keys
    group by combined_key
    having count(*) > 1
{% endtest %}
