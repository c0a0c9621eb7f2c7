{# The settings of fct_cost_anomalies as exact numbers: a fraction in SQL would be a float
on BigQuery. #}
{% macro usd_setting(name) -%}
    {{ text_to_usd("'" ~ var(name) ~ "'") }}
{%- endmacro %}

{% macro number_setting(name) -%}
    cast('{{ var(name) }}' as {{ type_number() }})
{%- endmacro %}

{# The absolute limit for a scope of this type; null if none is set. #}
{% macro anomaly_limit(scope_type) -%}
    case {{ scope_type }}
        {%- for name, limit in var('anomaly_limit_usd').items() %}
        {%- if limit is not none %}
        when '{{ name }}' then {{ text_to_usd("'" ~ limit ~ "'") }}
        {%- endif %}
        {%- endfor %}
        else cast(null as {{ type_money() }})
    end
{%- endmacro %}

{# No test can flag a day that costs less than this, so most days can be skipped. #}
{% macro least_anomaly() -%}
    {%- set least = [
        var('anomaly_min_excess_usd') | float, var('anomaly_min_jump_usd') | float
    ] -%}
    {%- for limit in var('anomaly_limit_usd').values() if limit is not none -%}
        {%- do least.append(limit | float) -%}
    {%- endfor -%}
    {{ text_to_usd("'" ~ (least | min) ~ "'") }}
{%- endmacro %}

{# The day that is so many days earlier. #}
{% macro subtract_days(date, days) -%}
    {{ return(adapter.dispatch('subtract_days')(date, days)) }}
{%- endmacro %}

{% macro duckdb__subtract_days(date, days) -%}
    cast({{ date }} - cast({{ days }} as integer) as date)
{%- endmacro %}

{% macro bigquery__subtract_days(date, days) -%}
    date_sub({{ date }}, interval {{ days }} day)
{%- endmacro %}
