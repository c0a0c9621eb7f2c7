{# Rules that several models of the RevOps domain share. #}

{# A Salesforce id in its form of 15 characters: that of 18 is the same id with a check sum.
Null where it is none. #}
{% macro salesforce_id(text) -%}
    {{ return(adapter.dispatch('salesforce_id')(text)) }}
{%- endmacro %}

{% macro duckdb__salesforce_id(text) -%}
    case
        when regexp_full_match({{ trimmed(text) }}, '[a-zA-Z0-9]{15}([a-zA-Z0-9]{3})?')
            then left({{ trimmed(text) }}, 15)
    end
{%- endmacro %}

{% macro bigquery__salesforce_id(text) -%}
    case
        when regexp_contains({{ trimmed(text) }}, r'^[a-zA-Z0-9]{15}([a-zA-Z0-9]{3})?$')
            then left({{ trimmed(text) }}, 15)
    end
{%- endmacro %}

{# The RFC 3339 text that Salesforce writes, with an offset of four digits. #}
{% macro salesforce_timestamp(text) -%}
    {{ text_to_timestamp("replace(" ~ text ~ ", '+0000', 'Z')") }}
{%- endmacro %}

{# A field of numbers in Salesforce gives 3.0 where one of text gives 3, and from eight digits
on 1.2345678E7. What is not a whole number stays as it is. #}
{% macro without_decimals(text) -%}
    {{ return(adapter.dispatch('without_decimals')(text)) }}
{%- endmacro %}

{% macro duckdb__without_decimals(text) -%}
    {%- set number = "try_cast(" ~ text ~ " as " ~ type_money() ~ ")" -%}
    case
        when {{ number }} = trunc({{ number }})
            then cast(cast({{ number }} as hugeint) as varchar)
        else {{ text }}
    end
{%- endmacro %}

{% macro bigquery__without_decimals(text) -%}
    {%- set number = "safe_cast(" ~ text ~ " as " ~ type_money() ~ ")" -%}
    case
        when {{ number }} = trunc({{ number }}) then cast({{ number }} as string)
        else {{ text }}
    end
{%- endmacro %}

{# The whole numbers in a text, however they are separated: a from-item with one column. #}
{% macro numbers_in(text, column) -%}
    {{ return(adapter.dispatch('numbers_in')(text, column)) }}
{%- endmacro %}

{% macro duckdb__numbers_in(text, column) -%}
    unnest(regexp_extract_all({{ without_decimals(text) }}, '[0-9]+'))
        as numbers ({{ column }})
{%- endmacro %}

{% macro bigquery__numbers_in(text, column) -%}
    unnest(regexp_extract_all({{ without_decimals(text) }}, '[0-9]+')) as {{ column }}
{%- endmacro %}

{# The rows of loads that are complete: a load that was killed shows none. #}
{% macro completed_product_rows(table) -%}
    select records.*
    from {{ source('raw_product', table) }} as records
    inner join {{ source('raw_product', '_dlt_loads') }} as loads
        on records._dlt_load_id = loads.load_id
    where loads.status = 0
{%- endmacro %}

{# The newest snapshot of a table that is landed whole. #}
{% macro newest_product_snapshot(table) -%}
    select records.*
    from {{ source('raw_product', table) }} as records
    inner join {{ ref('stg_windows') }} as windows
        on
            records.snapshot_date = windows.window_start
            and records._dlt_load_id = windows.load_id
    where
        windows.source_name = 'product'
        and windows.resource = '{{ table }}'
    qualify windows.window_start = max(windows.window_start) over ()
{%- endmacro %}

{# The kinds of usage that count as work of a person: not what runs by itself. #}
{% macro is_core_usage(usage_type) -%}
    {{ usage_type }} not in ({{ sql_list(var('revops_not_core_usage_types')) }})
{%- endmacro %}

{# The fee on tokens by the rule: so many dollars for a million, but not of all models. #}
{% macro token_fee_by_rule(tokens, model) -%}
    {{ return(adapter.dispatch('token_fee_by_rule')(tokens, model)) }}
{%- endmacro %}

{% macro duckdb__token_fee_by_rule(tokens, model) -%}
    case
        when {{ model }} in ({{ sql_list(var('revops_models_without_token_fee')) }}) then 0
        else cast(
            cast({{ tokens }} as decimal(19, 0))
            * cast({{ var('revops_token_fee_usd_per_million') }} as decimal(9, 6))
            * cast(0.000001 as decimal(7, 6))
            as {{ type_money() }}
        )
    end
{%- endmacro %}

{% macro bigquery__token_fee_by_rule(tokens, model) -%}
    case
        when {{ model }} in ({{ sql_list(var('revops_models_without_token_fee')) }}) then 0
        else cast({{ tokens }} as bignumeric)
            * bignumeric '{{ var('revops_token_fee_usd_per_million') }}'
            * bignumeric '0.000001'
    end
{%- endmacro %}

{# Texts for `in (…)`; an empty list matches no text that there is. #}
{% macro sql_list(values) -%}
    {%- for value in values or [''] -%}
        '{{ value }}'{{ ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Some minutes after a timestamp. #}
{% macro minutes_after(timestamp, minutes) -%}
    {{ return(adapter.dispatch('minutes_after')(timestamp, minutes)) }}
{%- endmacro %}

{% macro duckdb__minutes_after(timestamp, minutes) -%}
    {{ timestamp }} + interval {{ minutes }} minute
{%- endmacro %}

{% macro bigquery__minutes_after(timestamp, minutes) -%}
    timestamp_add({{ timestamp }}, interval {{ minutes }} minute)
{%- endmacro %}

{# What usage of the product is measured by, summed from the rows of a fact. #}
{% macro summed_revops_usages(table='') -%}
    {%- set prefix = table ~ '.' if table else '' -%}
    {%- for count in ['requests', 'fresh_tokens', 'total_tokens'] %}
        cast(sum({{ prefix }}{{ count }}) as int64) as {{ count }},
    {%- endfor -%}
    {%- set costs = [
        'api_cost_usd', 'token_fee_usd', 'token_fee_by_rule_usd', 'total_cost_usd',
    ] -%}
    {%- for cost in costs %}
        cast(sum({{ prefix }}{{ cost }}) as {{ type_money() }}) as {{ cost }}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# How many people there are, without the usage that names nobody. #}
{% macro distinct_people(user_id) -%}
    count(distinct case when {{ user_id }} != {{ unattributed() }} then {{ user_id }} end)
{%- endmacro %}

{# Whole months from one date to a later one: a month is over on the same day of the next. #}
{% macro whole_months_between(later, earlier) -%}
    (
        (extract(year from {{ later }}) - extract(year from {{ earlier }})) * 12
        + extract(month from {{ later }}) - extract(month from {{ earlier }})
        - case
            when extract(day from {{ later }}) < extract(day from {{ earlier }}) then 1
            else 0
        end
    )
{%- endmacro %}
