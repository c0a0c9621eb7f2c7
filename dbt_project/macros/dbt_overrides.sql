{#
What dbt does by itself and this project does in its own way. Each macro stands in for one of dbt's
by its name, so whoever raises dbt's version reads dbt's own of them again. These were written
beside dbt-core 1.11, dbt-adapters 1.24 and dbt-bigquery 1.12.
#}

{# marts is `marts` on DuckDB and `<BIGQUERY_DATASET>_marts` on BigQuery. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if target.type == 'bigquery' -%}
        {{ target.dataset }}_{{ custom_schema_name }}
    {%- else -%}
        {{ custom_schema_name or target.schema }}
    {%- endif -%}
{%- endmacro %}

{# dbt asks this of every model that can be built in parts. Where no run was ever completed,
nobody knows what the models that are there were built from: they are built whole. #}
{% macro should_full_refresh() -%}
    {%- if dbt.should_full_refresh() -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set reads_changes = (config.get('meta') or {}).get('changes') -%}
    {{ return(reads_changes is not none and not has_completed_run()) }}
{%- endmacro %}

{# dbt asks this for what a generic test reads. Models with days say so in their meta. #}
{% macro get_where_subquery(relation) -%}
    {%- set node = graph.nodes.get(model.attached_node) if execute else none -%}
    {%- set meta = node.config.meta if node else {} -%}
    {%- if meta.get('day_column') -%}
        {%- set since = tested_since(meta.get('built_with', relation.identifier)) -%}
        {%- if meta.get('period') == 'month' -%}
            {%- set since = since[:13] ~ "-01'" -%}
        {%- endif -%}
        {%- set filtered -%}
            (
                select *
                from {{ relation }}
                where {{ meta['day_column'] }} >= {{ since }}
            ) as tested_days
        {%- endset -%}
        {{ return(filtered) }}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}

{# DuckDB: views parse each record once, however many columns they read from it. #}
{% macro duckdb__create_view_as(relation, sql) -%}
    {{ return(dbt.duckdb__create_view_as(relation, parse_payload_once(sql))) }}
{%- endmacro %}

{# DuckDB: an incremental strategy of our own, in one transaction. #}
{% macro get_incremental_replace_days_sql(arguments) -%}
    {%- set meta = config.get('meta') -%}
    {%- set columns = arguments['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arguments['target_relation'] }}
    where {{ in_days(meta['day_column'], replaced_days(meta)) }};

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arguments['temp_relation'] }}
{%- endmacro %}

{# BigQuery: dbt's insert_overwrite in one statement, with the partitions named, so that it
need not look for them and also empties those of which nothing is left. #}
{% macro bq_generate_incremental_insert_overwrite_build_sql(
    tmp_relation, target_relation, sql, unique_key, partition_by, partitions,
    dest_columns, tmp_relation_exists, copy_partitions
) -%}
    {%- set replaced = in_days(
        'DBT_INTERNAL_DEST.' ~ partition_by.field, replaced_days(config.get('meta'))
    ) -%}
    {%- set source_sql = bq_static_select_insert_overwrite_sql(
        tmp_relation, sql, partition_by, tmp_relation_exists
    ) -%}
    {{ get_insert_overwrite_merge_sql(
        target_relation, source_sql, dest_columns, [replaced]
    ) }}
{%- endmacro %}
