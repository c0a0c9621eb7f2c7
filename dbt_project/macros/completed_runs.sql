{#
How far all incremental models have come. `completed_runs` has a row for each run that built
every one of them, with the newest load and rule change that the run read, and its day. A
run replaces what changed since the newest row. Days are replaced as a whole, so it does no
harm to replace more of them: a run that was killed, or built only some of the models,
writes no row, and the next run does its work again.
#}

{% macro completed_runs() -%}
    {{ return(relation_of_runs('completed_runs')) }}
{%- endmacro %}

{% macro relation_of_runs(name) -%}
    {{ return(api.Relation.create(
        database=target.database,
        schema=generate_schema_name('intermediate', none),
        identifier=name
    )) }}
{%- endmacro %}

{# The newest completed run as one row; no row before the first one. If it found no load or
no rule, all that come later are new. #}
{% macro last_completed_run() -%}
    {%- set beginning -%}
        cast({{ beginning_of_time() }} as {{ dbt.type_timestamp() }})
    {%- endset -%}
    select
        coalesce(loads_through, {{ beginning }}) as loads_through,
        coalesce(rules_through, {{ beginning }}) as rules_through,
        as_of_date,
        completed_at
    from {{ source('build', 'completed_runs') }}
    qualify row_number() over (order by completed_at desc) = 1
{%- endmacro %}

{% macro has_completed_run() -%}
    {%- set query = "select count(*) from " ~ completed_runs() -%}
    {{ return(ask_once(query, offline=[[1]])[0][0] > 0) }}
{%- endmacro %}

{# On-run-start: the table must be there before the first model asks for it. #}
{% macro create_completed_runs() -%}
    {%- if var('offline') or not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- do adapter.create_schema(completed_runs()) -%}
    {%- set build_log = relation_of_runs('build_log') -%}
    create table if not exists {{ completed_runs() }}
    {% if load_relation(build_log) is none -%}
        (
            loads_through {{ dbt.type_timestamp() }},
            rules_through {{ dbt.type_timestamp() }},
            as_of_date date,
            completed_at {{ dbt.type_timestamp() }}
        )
    {%- else -%}
        as {{ first_run_after(build_log) }}
    {%- endif %}
{%- endmacro %}

{# An older warehouse has `build_log` instead, with rows for each model. The first row is
what all models had read. #}
{% macro first_run_after(build_log) -%}
    with positions as (

        select
            model_name,
            max(loads_through) as loads_through,
            coalesce(
                max(rules_through),
                cast({{ beginning_of_time() }} as {{ dbt.type_timestamp() }})
            ) as rules_through,
            max(as_of_date) as as_of_date,
            max(built_at) as built_at
        from {{ build_log }}
        group by model_name

    )

    select
        min(loads_through) as loads_through,
        min(rules_through) as rules_through,
        min(as_of_date) as as_of_date,
        min(built_at) as completed_at
    from positions
    having count(*) > 0
{%- endmacro %}

{# On-run-start, after the table above was created. #}
{% macro drop_build_log() -%}
    {%- if var('offline') or not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set build_log = load_relation(relation_of_runs('build_log')) -%}
    {%- if build_log is not none -%}
        drop table {{ build_log }}
    {%- endif -%}
{%- endmacro %}

{# On-run-end: how far the run has read, if it built all incremental models. This can be
asked now because only a run writes these tables. #}
{% macro mark_completed_run(results) -%}
    {%- set windows = ref('stg_windows') -%}
    {%- set rules = ref('attribution_rules_snapshot') -%}
    {%- if var('offline') or not execute or not is_completed(results) -%}
        {{ return('') }}
    {%- endif -%}
    insert into {{ completed_runs() }}
        (loads_through, rules_through, as_of_date, completed_at)
    with newest_load as (

        select max(loaded_at) as loads_through from {{ windows }}

    ),

    newest_rule as (

        select
            max(greatest(dbt_valid_from, coalesce(dbt_valid_to, dbt_valid_from)))
                as rules_through
        from {{ rules }}

    )

    select
        cast(newest_load.loads_through as {{ dbt.type_timestamp() }}),
        cast(newest_rule.rules_through as {{ dbt.type_timestamp() }}),
        {{ as_of_date() }},
        cast({{ dbt.current_timestamp() }} as {{ dbt.type_timestamp() }})
    from newest_load
    cross join newest_rule
{%- endmacro %}

{# Whether a run built every model that replaces what changed, and the tables that list the
changes. #}
{% macro is_completed(results) -%}
    {# What the same build built before it ran out of memory. #}
    {%- set built = [] -%}
    {%- do built.extend(var('built_before', [])) -%}
    {%- for result in results if result.status == 'success' -%}
        {%- do built.append(result.node.unique_id) -%}
    {%- endfor -%}
    {%- set missing = [] -%}
    {%- for node in graph.nodes.values() if node.unique_id not in built -%}
        {%- set lists_changes = '_changed_' in node.name
            and node.config.materialized == 'table' -%}
        {%- if lists_changes or node.config.meta.get('changes') -%}
            {%- do missing.append(node.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {# With --empty, all of them are built from no rows. #}
    {{ return(not missing and not flags.EMPTY) }}
{%- endmacro %}
