{#
Amounts in other currencies become dollars here and nowhere else: by the rate of their day, the
latest of the tab `exchange_rates` that is not after it (stg_exchange_rates). A report or tab
that names no currency means dollars. An amount without a rate is null in dollars, so it is in
no sum; rpt_amounts_without_rate names it, and the run fails.
#}

{# The join of amounts to their rates, called `rates`. #}
{% macro rate_of_day(currency, day) -%}
    upper({{ currency }}) = rates.currency
    and {{ day }} >= rates.valid_from
    and {{ day }} < rates.valid_to
{%- endmacro %}

{# To ten decimals of the amount and eight of the rate: the product is exact in both engines. #}
{% macro to_usd(amount, currency, rate='rates.usd_per_unit') -%}
    case
        when {{ is_usd(currency) }} then {{ amount }}
        else {{ converted(amount, rate) }}
    end
{%- endmacro %}

{% macro is_usd(currency) -%}
    coalesce(upper({{ currency }}), 'USD') = 'USD'
{%- endmacro %}

{% macro converted(amount, rate) -%}
    {{ return(adapter.dispatch('converted')(amount, rate)) }}
{%- endmacro %}

{% macro duckdb__converted(amount, rate) -%}
    cast(
        cast({{ amount }} as decimal(22, 10)) * cast({{ rate }} as decimal(16, 8))
        as {{ type_money() }}
    )
{%- endmacro %}

{% macro bigquery__converted(amount, rate) -%}
    round({{ amount }}, 10) * round({{ rate }}, 8)
{%- endmacro %}

{# An amount whose own row says how much of its currency a dollar buys. Cut off after twelve
decimals, so that a correction takes back exactly what it corrects. #}
{% macro usd_at_own_rate(amount, rate) -%}
    case when {{ rate }} = 1 then {{ amount }} else {{ divided_by_rate(amount, rate) }} end
{%- endmacro %}

{% macro divided_by_rate(amount, rate) -%}
    {{ return(adapter.dispatch('divided_by_rate')(amount, rate)) }}
{%- endmacro %}

{% macro duckdb__divided_by_rate(amount, rate) -%}
    cast(
        cast(
            (
                cast(trunc({{ amount }}) as hugeint) * 1000000000000
                + cast(trunc(({{ amount }} - trunc({{ amount }})) * 1000000000000) as hugeint)
            ) * 1000000000 // cast({{ rate }} * 1000000000 as hugeint)
            as decimal(26, 0)
        ) * cast(0.000000000001 as decimal(12, 12))
        as {{ type_money() }}
    )
{%- endmacro %}

{% macro bigquery__divided_by_rate(amount, rate) -%}
    div(
        trunc({{ amount }} * 1000000000000) * 1000000000,
        cast({{ rate }} * 1000000000 as bignumeric)
    ) * bignumeric '0.000000000001'
{%- endmacro %}
