{# What the views of the older design have in their own form (docs/migration.md). Nothing else
uses it: here money is decimal, and keys are text. #}

{% macro to_float(number) -%}
    cast({{ number }} as {{ type_float64() }})
{%- endmacro %}

{# A key as a whole number: the first 60 bits of its hash. Null has none, for which `concat` would
not do: DuckDB's takes null for nothing. #}
{% macro number_of_key(key) -%}
    cast('0x' || substr({{ dbt.hash(key) }}, 1, 15) as int64)
{%- endmacro %}

{# 2026-11-21 as 20261121. #}
{% macro day_as_number(day) -%}
    cast(
        extract(year from {{ day }}) * 10000
        + extract(month from {{ day }}) * 100
        + extract(day from {{ day }})
        as int64
    )
{%- endmacro %}
