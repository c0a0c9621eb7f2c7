{# What is special to OpenAI, for the models of its folder in staging. #}

{# The amount of a cost in its currency, by the digits that OpenAI sent, as a number or as text:
engines read a number of JSON as a float, which would cost digits. #}
{% macro openai_amount() -%}
    {{ text_to_usd('coalesce(' ~ openai_digits() ~ ', ' ~ json_text('amount.value') ~ ')') }}
{%- endmacro %}

{% macro openai_digits() -%}
    {{ return(adapter.dispatch('openai_digits')(
        '"amount"[[:space:]]*:[[:space:]]*[{][^}]*"value"[[:space:]]*:[[:space:]]*"?([-+.0-9eE]+)'
    )) }}
{%- endmacro %}

{% macro duckdb__openai_digits(pattern) -%}
    nullif(regexp_extract(payload, '{{ pattern }}', 1), '')
{%- endmacro %}

{% macro bigquery__openai_digits(pattern) -%}
    regexp_extract(payload, r'{{ pattern }}')
{%- endmacro %}

{# Seconds since 1970, as a UTC timestamp. #}
{% macro openai_timestamp(path) -%}
    {{ epoch_ms_to_timestamp('(' ~ json_text(path) ~ " || '000')") }}
{%- endmacro %}
