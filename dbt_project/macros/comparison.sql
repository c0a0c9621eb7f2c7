{# What the comparison with the older tables reads (docs/migration.md). The var `compare_legacy`
names their schema, tables and columns; pipeline/compare finds them. #}

{% macro legacy_columns(table) -%}
    {{ return((var('compare_legacy') or {}).get('columns', {}).get(table, {})) }}
{%- endmacro %}

{# A column of an older table as text; null if the table has no such column. #}
{% macro legacy_text(table, name) -%}
    {%- set column = legacy_columns(table).get(name) -%}
    cast({{ table ~ '.' ~ column if column else 'null' }} as {{ dbt.type_string() }})
{%- endmacro %}

{# The rows of an older fact with what its dimensions say, everything as text. An amount may be
the sum of several columns. #}
{% macro legacy_rows(table, measure) -%}
    {%- set columns = legacy_columns(table) -%}
    {%- set by_user = not columns.get('email') -%}
    {%- set by_platform = not columns.get('platform') -%}
    {%- set texts, amounts = [], [] -%}
    {%- for column in columns.get('amount', '').split(',') -%}
        {%- set text = "coalesce(cast(" ~ table ~ "." ~ column ~ " as "
            ~ dbt.type_string() ~ "), '0')" -%}
        {%- do texts.append(text) -%}
        {%- do amounts.append(cast_or_null(text, type_money())) -%}
    {%- endfor -%}
    select
        '{{ measure }}' as measure,
        {{ legacy_text(table, 'day') }} as day_text,
        {{ clean_email(legacy_text('users' if by_user else table, 'email')) }} as email,
        {{ clean_text(legacy_text('users' if by_user else table, 'team')) }} as team,
        {% if by_platform -%}
            coalesce(
                {{ clean_text(legacy_text('platforms', 'subtype')) }},
                {{ clean_text(legacy_text('platforms', 'platform')) }}
            ) as platform,
        {% else -%}
            {{ clean_text(legacy_text(table, 'platform')) }} as platform,
        {% endif -%}
        {{ clean_text(legacy_text(table, 'model')) }} as model,
        lower({{ legacy_text(table, 'cost_type') }}) as cost_type,
        {{ texts | join(" || ' + ' || ") }} as amount_text,
        cast({{ amounts | join(' + ') }} as {{ type_money() }}) as amount
    from {{ source('legacy_tables', table) }} as {{ table }}
    {% if by_user -%}
        left join {{ source('legacy_tables', 'users') }} as users
            on {{ legacy_text(table, 'user_sk') }} = {{ legacy_text('users', 'user_sk') }}
    {% endif -%}
    {% if by_platform -%}
        left join {{ source('legacy_tables', 'platforms') }} as platforms
            on
                {{ legacy_text(table, 'platform_sk') }}
                = {{ legacy_text('platforms', 'platform_sk') }}
    {% endif -%}
{%- endmacro %}

{# The day of 2026-11-21, of a timestamp, or of a key such as 20261121; null of anything else. #}
{% macro legacy_day(text) -%}
    {%- set digits = "replace(" ~ text ~ ", '-', '')" -%}
    {{ cast_or_null(
        "substr(" ~ digits ~ ", 1, 4) || '-' || substr(" ~ digits ~ ", 5, 2) || '-'"
        ~ " || substr(" ~ digits ~ ", 7, 2)",
        "date"
    ) }}
{%- endmacro %}

{# Claude.ai, claude-ai and the older claude_web are the platform claude_ai. #}
{% macro legacy_platform(text) -%}
    coalesce(
        replace(
            replace(replace(replace(lower({{ text }}), '.', '_'), ' ', '_'), '-', '_'),
            'claude_web', 'claude_ai'
        ),
        'unknown'
    )
{%- endmacro %}
