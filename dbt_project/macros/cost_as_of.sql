{#
What vendors billed per day as it was known at the end of a day (UTC): only loads that were
complete by then count, and what they replaced does not. For the body of a CTE; `day` is a
date.
#}
{% macro cost_as_of(day, versions=none) -%}
    {%- set known_before -%}
        cast({{ add_days(day, 1) }} as {{ dbt.type_timestamp() }})
    {%- endset -%}
    select
        vendor,
        organization,
        window_date,
        cast(sum(reported_usd) as {{ type_money() }}) as reported_usd
    from {{ versions or ref('fct_cost_versions') }}
    where
        reported_at < {{ known_before }}
        and (superseded_at is null or superseded_at >= {{ known_before }})
    group by vendor, organization, window_date
{%- endmacro %}

{# Post-hook of fct_cost_versions: the same as a function in its schema, for people who
query without dbt. #}
{% macro create_cost_as_of(versions) -%}
    {{ return(adapter.dispatch('create_cost_as_of')(
        versions, versions.incorporate(path={'identifier': 'cost_as_of'})
    )) }}
{%- endmacro %}

{% macro duckdb__create_cost_as_of(versions, function) -%}
    create or replace macro {{ function }}(as_of_day) as table
    {{ cost_as_of('cast(as_of_day as date)', versions) }}
{%- endmacro %}

{% macro bigquery__create_cost_as_of(versions, function) -%}
    create or replace table function {{ function }}(as_of_day date) as (
        {{ cost_as_of('as_of_day', versions) }}
    )
{%- endmacro %}
