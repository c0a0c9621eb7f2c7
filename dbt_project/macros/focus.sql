{# What the FOCUS marts share: names as the specification spells them, and JSON. #}

{# A column in FOCUS's spelling, quoted: charge_period_start becomes ChargePeriodStart, and
x_person_email becomes x_PersonEmail. #}
{% macro focus_name(column) -%}
    {%- set is_custom = column.startswith('x_') -%}
    {%- set words = (column[2:] if is_custom else column).split('_') -%}
    {{ return(adapter.quote(
        ('x_' if is_custom else '') ~ words | map('capitalize') | join
    )) }}
{%- endmacro %}

{# Some columns as one JSON object, as text, with the columns' names. #}
{% macro json_of(columns) -%}
    {{ return(adapter.dispatch('json_of')(columns)) }}
{%- endmacro %}

{% macro duckdb__json_of(columns) -%}
    {%- set pairs = [] -%}
    {%- for column in columns -%}
        {%- do pairs.append("'" ~ column ~ "', " ~ column) -%}
    {%- endfor -%}
    cast(json_object({{ pairs | join(', ') }}) as varchar)
{%- endmacro %}

{% macro bigquery__json_of(columns) -%}
    {%- set pairs = [] -%}
    {%- for column in columns -%}
        {%- do pairs.append(column ~ " as " ~ column) -%}
    {%- endfor -%}
    to_json_string(struct({{ pairs | join(', ') }}))
{%- endmacro %}

{# The name of a vendor: that of the seed `vendors`, else its code with a capital. #}
{% macro vendor_name(vendors, code) -%}
    coalesce(
        {{ vendors }}.vendor_name,
        concat(upper(substr({{ code }}, 1, 1)), substr({{ code }}, 2))
    )
{%- endmacro %}
