{# The values of a vendor's record, by their path in it; macros/engines.sql has json_text. #}

{# A whole number, however the vendor writes it: 12, "12" or 12.0. #}
{% macro json_integer(path) -%}
    {{ text_to_integer(json_text(path)) }}
{%- endmacro %}

{# A count. Vendors leave out counts that are zero. #}
{% macro json_count(path) -%}
    coalesce({{ json_integer(path) }}, 0)
{%- endmacro %}

{% macro json_number(path) -%}
    {{ text_to_number(clean_text(json_text(path))) }}
{%- endmacro %}

{# An amount that the record has in dollars. #}
{% macro json_usd(path) -%}
    {{ text_to_usd(clean_text(json_text(path))) }}
{%- endmacro %}

{% macro json_date(path) -%}
    cast({{ clean_text(json_text(path)) }} as date)
{%- endmacro %}

{% macro json_boolean(path) -%}
    cast({{ json_text(path) }} as boolean)
{%- endmacro %}
