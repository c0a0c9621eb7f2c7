{# What several marts derive from measures, written once. #}

{# One sum divided by another, to nine decimals; null if the divisor is zero, or so small
that the quotient would be meaningless. #}
{% macro ratio(numerator, denominator) -%}
    {{ return(adapter.dispatch('ratio')(numerator, denominator)) }}
{%- endmacro %}

{% macro duckdb__ratio(numerator, denominator) -%}
    try_cast(
        cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0)
        as {{ type_number() }}
    )
{%- endmacro %}

{% macro bigquery__ratio(numerator, denominator) -%}
    safe_cast(
        safe_divide(cast({{ numerator }} as bignumeric), cast({{ denominator }} as bignumeric))
        as {{ type_number() }}
    )
{%- endmacro %}

{# The growth of a number over the one before it: 0.1 is ten percent more. #}
{% macro growth(current, previous) -%}
    {{ ratio('(' ~ current ~ ') - (' ~ previous ~ ')', previous) }}
{%- endmacro %}

{# The percent by which an amount is above another: 10 is ten percent more. #}
{% macro percent_over(amount, budget) -%}
    {{ ratio('(' ~ amount ~ ' - ' ~ budget ~ ') * 100', budget) }}
{%- endmacro %}

{# The exact median over the rows of a partition, ignoring nulls. #}
{% macro median_over(value, partition_by) -%}
    {{ quantile_over(value, 0.5, partition_by) }}
{%- endmacro %}

{% macro quantile_over(value, part, partition_by) -%}
    {{ return(adapter.dispatch('quantile_over')(value, part, partition_by)) }}
{%- endmacro %}

{# Halfway between two values the tenth decimal may be a 5, which DuckDB does not always
round the way BigQuery does. #}
{% macro duckdb__quantile_over(value, part, partition_by) -%}
    cast(
        quantile_cont(cast({{ value }} as {{ type_number() }}), {{ part }})
            over (partition by {{ partition_by | join(', ') }})
        as {{ type_number() }}
    )
{%- endmacro %}

{% macro bigquery__quantile_over(value, part, partition_by) -%}
    percentile_cont(cast({{ value }} as numeric), numeric '{{ part }}')
        over (partition by {{ partition_by | join(', ') }})
{%- endmacro %}

{# An amount times a weight between 0 and 1, to nine decimals, for weighted means. #}
{% macro weighted(amount, weight) -%}
    {{ return(adapter.dispatch('weighted')(amount, weight)) }}
{%- endmacro %}

{# A product in DuckDB has at most 38 digits. #}
{% macro duckdb__weighted(amount, weight) -%}
    cast({{ amount }} as decimal(19, 9)) * cast({{ weight }} as decimal(10, 9))
{%- endmacro %}

{% macro bigquery__weighted(amount, weight) -%}
    round({{ amount }}, 9) * {{ weight }}
{%- endmacro %}

{# A rating of the cost per line of code. #}
{% macro roi_status(cost, lines) -%}
    case
        when coalesce({{ lines }}, 0) = 0 then 'No Data'
        {% for status in ['Excellent ROI', 'Good ROI', 'Acceptable ROI'] -%}
        when
            {{ cost }}
            <= {{ lines }} * cast('{{ var('roi_usd_per_line')[status] }}' as decimal(5, 2))
            then '{{ status }}'
        {% endfor -%}
        else 'Review Required'
    end
{%- endmacro %}

{# The tier of the attribution confidence of a cost. #}
{% macro data_quality_tier(confident_cost, cost) -%}
    case
        when {{ ratio(confident_cost, cost) }} >= 0.9 then 'High Confidence'
        when {{ ratio(confident_cost, cost) }} >= 0.7 then 'Medium Confidence'
        when {{ ratio(confident_cost, cost) }} is not null then 'Low Confidence'
    end
{%- endmacro %}

{# The department of people who are not in the roster, or have none in it. #}
{% macro no_department() -%}
    'no department'
{%- endmacro %}

{# Whether a month is over on the day of the run. #}
{% macro is_complete_month(month) -%}
    {{ next_first_day('month', month) }} <= {{ as_of_date() }}
{%- endmacro %}

{# The columns of tokens that usage counts apart: input of four kinds, then output. #}
{% macro token_columns() -%}
    {{ return([
        'uncached_input_tokens', 'cache_read_tokens', 'cache_write_5m_tokens',
        'cache_write_1h_tokens', 'output_tokens',
    ]) }}
{%- endmacro %}

{# The sum of columns of a row, of those that are measured; null where none is. #}
{% macro total_of(columns) -%}
    case
        when coalesce({{ columns | join(', ') }}) is not null
            then coalesce({{ columns | join(', 0) + coalesce(') }}, 0)
    end
{%- endmacro %}

{# A sum of counts that is null where no row says any: zero if the platform measures it. #}
{% macro measured(count, is_measured) -%}
    coalesce({{ count }}, case when {{ is_measured }} then 0 end)
{%- endmacro %}

{# Requests; null where tokens were used and nobody counted the requests for them. #}
{% macro requests_counted(requests, tokens) -%}
    cast({{ measured(requests, 'coalesce(' ~ tokens ~ ', 0) = 0') }} as int64)
{%- endmacro %}

{# The types of those tokens, a row each: a type is its column without `_tokens`. #}
{% macro token_types() -%}
    {%- for column in token_columns() -%}
        {{- "\n\n    union all\n\n    " if not loop.first -}}
        select '{{ column | replace('_tokens', '') }}' as token_type
    {%- endfor -%}
{%- endmacro %}

{# How many tokens of one type a row of usage has; of any other type none. #}
{% macro tokens_of_type(token_type, usages) -%}
    case {{ token_type }}
        {%- for column in token_columns() %}
        when '{{ column | replace('_tokens', '') }}' then {{ usages }}.{{ column }}
        {%- endfor %}
        else 0
    end
{%- endmacro %}
