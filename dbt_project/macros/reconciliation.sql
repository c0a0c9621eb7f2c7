{# How invoices, costs and snapshots are compared. #}

{# The day as which a cost is on an invoice: its own, or the day of the invoice's month that is
nearest to it. #}
{% macro invoice_date(day, invoice_month) -%}
    greatest(
        least({{ day }}, {{ day_before(next_first_day('month', invoice_month)) }}),
        {{ invoice_month }}
    )
{%- endmacro %}

{# A percentage of an amount in dollars. Four decimals of the percentage count. #}
{% macro percent_of(amount, percent) -%}
    {{ return(adapter.dispatch('percent_of')(amount, percent)) }}
{%- endmacro %}

{% macro duckdb__percent_of(amount, percent) -%}
    cast(
        {{ amount }} * cast({{ percent }} as decimal(7, 4)) * cast(0.01 as decimal(3, 2))
        as {{ type_money() }}
    )
{%- endmacro %}

{% macro bigquery__percent_of(amount, percent) -%}
    round({{ amount }} * cast({{ percent }} as numeric) * numeric '0.01', 18)
{%- endmacro %}

{# How far two amounts may differ: dollars, or a percentage if that is more. #}
{% macro tolerance(amount, dollars, percent) -%}
    greatest(
        cast({{ dollars }} as {{ type_money() }}),
        {{ percent_of('abs(' ~ amount ~ ')', percent) }}
    )
{%- endmacro %}

{# Dollars as text, such as $1,125.40 or -$3.00. #}
{% macro usd_in_words(amount) -%}
    case when round({{ amount }}, 2) < 0 then '-' else '' end
    || '$'
    || {{ with_commas('cast(trunc(abs(round(' ~ amount ~ ', 2))) as int64)') }}
    || substr({{ with_cents('abs(round(' ~ amount ~ ', 2))') }}, -3)
{%- endmacro %}

{# A whole number as text: 1,234. #}
{% macro with_commas(number) -%}
    {{ return(adapter.dispatch('with_commas')(number)) }}
{%- endmacro %}

{% macro duckdb__with_commas(number) -%}
    format('{:,}', {{ number }})
{%- endmacro %}

{% macro bigquery__with_commas(number) -%}
    format("%'d", {{ number }})
{%- endmacro %}

{# An amount as text with two digits after the point. #}
{% macro with_cents(amount) -%}
    {{ return(adapter.dispatch('with_cents')(amount)) }}
{%- endmacro %}

{% macro duckdb__with_cents(amount) -%}
    cast(cast({{ amount }} as decimal(38, 2)) as varchar)
{%- endmacro %}

{% macro bigquery__with_cents(amount) -%}
    format('%.2f', {{ amount }})
{%- endmacro %}
