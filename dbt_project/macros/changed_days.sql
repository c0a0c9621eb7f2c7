{#
Which days an incremental model builds again.

A model that uses this is built whole the first time. After that, each run replaces the
days that int_changed_windows (or int_changed_days) lists for it, whole, also when nothing
is left of them; all other days are neither read nor written. What a model has taken in is
written to `build_log` in the same transaction as its rows, so a run that was killed is
simply made up for by the next one.
#}

{# The days, as a list of literals, so that engines can prune. #}
{% macro changed_days(changes) -%}
    {%- set days = [] -%}
    {%- if execute and is_incremental() -%}
        {%- set builds = run_query(
            "select count(*) from " ~ build_log_relation()
            ~ " where model_name = '" ~ this.identifier ~ "'"
        ).rows[0][0] -%}
        {%- if not builds -%}
            {{ exceptions.raise_compiler_error(
                this.identifier ~ " is there, but build_log does not say what it was"
                ~ " built from: build it again with --full-refresh"
            ) }}
        {%- endif -%}
        {%- set query -%}
            select distinct changed_date
            from {{ changes }}
            where model_name = '{{ this.identifier }}'
            order by changed_date
        {%- endset -%}
        {%- for row in run_query(query).rows -%}
            {%- do days.append("cast('" ~ row[0] ~ "' as date)") -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return("(" ~ (days or ["cast(null as date)"]) | join(", ") ~ ")") }}
{%- endmacro %}

{# An incremental strategy: replace the changed days, in one transaction. #}
{% macro get_incremental_replace_days_sql(arguments) -%}
    {%- set meta = config.get('meta') -%}
    {%- set columns = arguments['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arguments['target_relation'] }}
    where {{ meta['day_column'] }} in {{ changed_days(ref(meta['changes'])) }};

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arguments['temp_relation'] }}
{%- endmacro %}

{% macro build_log_relation() -%}
    {{ return(api.Relation.create(
        database=target.database,
        schema=generate_schema_name('intermediate', none),
        identifier='build_log'
    )) }}
{%- endmacro %}

{# On-run-start: the log must be there before the first model asks for it. #}
{% macro create_build_log() -%}
    {%- if execute -%}
        {%- do adapter.create_schema(build_log_relation()) -%}
    {%- endif -%}
    create table if not exists {{ build_log_relation() }} (
        model_name {{ dbt.type_string() }},
        loads_through {{ dbt.type_timestamp() }},
        rules_through {{ dbt.type_timestamp() }},
        as_of_date date,
        first_day date,
        last_day date,
        built_at {{ dbt.type_timestamp() }}
    )
{%- endmacro %}

{# Post-hook: this model has taken in what int_build_positions says. #}
{% macro log_build() -%}
    insert into {{ build_log_relation() }}
    select
        '{{ this.identifier }}',
        positions.loads_through,
        positions.rules_through,
        positions.as_of_date,
        {%- if is_incremental() %}
        (select min(changed_date) from {{ ref(config.get('meta')['changes']) }}
        where model_name = '{{ this.identifier }}'),
        (select max(changed_date) from {{ ref(config.get('meta')['changes']) }}
        where model_name = '{{ this.identifier }}'),
        {%- else %}
        {{ beginning_of_time() }},
        {{ end_of_time() }},
        {%- endif %}
        cast({{ dbt.current_timestamp() }} as {{ dbt.type_timestamp() }})
    from {{ ref('int_build_positions') }} as positions
{%- endmacro %}
