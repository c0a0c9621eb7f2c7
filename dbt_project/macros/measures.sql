{# What several marts derive from measures, in one form each. #}

{# One sum by another, to nine decimals; null where there is nothing to divide by. #}
{% macro ratio(numerator, denominator) -%}
    {{ return(adapter.dispatch('ratio')(numerator, denominator)) }}
{%- endmacro %}

{% macro duckdb__ratio(numerator, denominator) -%}
    cast(
        cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0)
        as {{ type_number() }}
    )
{%- endmacro %}

{% macro bigquery__ratio(numerator, denominator) -%}
    cast(
        cast({{ numerator }} as bignumeric)
        / nullif(cast({{ denominator }} as bignumeric), 0)
        as {{ type_number() }}
    )
{%- endmacro %}

{# How much more a number is than the one before it: 0.1 is ten percent more. #}
{% macro growth(current, previous) -%}
    {{ ratio('(' ~ current ~ ') - (' ~ previous ~ ')', previous) }}
{%- endmacro %}

{# The true median over the rows of a partition, of those that are not null. #}
{% macro median_over(value, partition_by) -%}
    {{ return(adapter.dispatch('median_over')(value, partition_by)) }}
{%- endmacro %}

{% macro duckdb__median_over(value, partition_by) -%}
    cast(
        quantile_cont(cast({{ value }} as {{ type_number() }}), 0.5)
            over (partition by {{ partition_by | join(', ') }})
        as {{ type_number() }}
    )
{%- endmacro %}

{% macro bigquery__median_over(value, partition_by) -%}
    percentile_cont(cast({{ value }} as {{ type_number() }}), 0.5)
        over (partition by {{ partition_by | join(', ') }})
{%- endmacro %}

{# Whether a cost is known to be somebody's: a person's, or at least a cost centre's. #}
{% macro is_allocated() -%}
    (
        user_email != {{ unattributed() }}
        or coalesce(cost_center, {{ unattributed() }}) != {{ unattributed() }}
    )
{%- endmacro %}

{# How many of a month's days are over on the day of the run. #}
{% macro elapsed_days(month) -%}
    greatest(
        least(
            {{ days_between(as_of_date(), month) }},
            {{ days_between(next_first_day('month', month), month) }}
        ),
        0
    )
{%- endmacro %}

{% macro days_in_month(month) -%}
    {{ days_between(next_first_day('month', month), month) }}
{%- endmacro %}

{% macro is_complete_month(month) -%}
    {{ next_first_day('month', month) }} <= {{ as_of_date() }}
{%- endmacro %}
