{#
Which days an incremental model builds again.

A model that uses this is built whole the first time. After that, each run replaces the
days that int_changed_windows (or int_changed_days) lists for it, whole, also when nothing
is left of them; all other days are neither read nor written. What a model has taken in is
written to `build_log` after its rows, so a run that was killed is simply made up for by
the next one.
#}

{# The days that are over since a model was built, from the caller's CTEs build_log, positions
and days. #}
{% macro elapsed_days() -%}
    select
        build_log.model_name,
        days.date_day as changed_date,
        'the day is over' as reason
    from build_log
    cross join positions
    inner join days
        on
            build_log.as_of_date <= days.date_day
            and positions.as_of_date > days.date_day
{%- endmacro %}

{# The settings of such a model: a table by day, of which a run replaces whole days. Where a
day's rows also depend on earlier days, `reach` is on how many days: a changed day then has
as many days after it built again as well. #}
{% macro replaced_by_day(day_column, changes, cluster_by, period='day', reach=0) -%}
    {%- set config = {
        'materialized': 'incremental',
        'on_schema_change': 'fail',
        'meta': {
            'day_column': day_column,
            'changes': changes,
            'period': period,
            'reach': reach,
        },
        'post_hook': '{{ log_build() }}',
    } -%}
    {%- do config.update(
        adapter.dispatch('days_as_partitions')(day_column, cluster_by, period)
    ) -%}
    {{ return(config) }}
{%- endmacro %}

{# The same by month: `month_column` holds the first day of one, and a run replaces the months
in which a day changed. It reads them whole: `days_of_changed_months`. #}
{% macro replaced_by_month(month_column, changes, cluster_by) -%}
    {{ return(replaced_by_day(month_column, changes, cluster_by, period='month')) }}
{%- endmacro %}

{% macro duckdb__days_as_partitions(day_column, cluster_by, period) -%}
    {{ return({'incremental_strategy': 'replace_days'}) }}
{%- endmacro %}

{% macro bigquery__days_as_partitions(day_column, cluster_by, period) -%}
    {{ return({
        'incremental_strategy': 'insert_overwrite',
        'partition_by': {
            'field': day_column, 'data_type': 'date', 'granularity': period
        },
        'cluster_by': cluster_by,
    }) }}
{%- endmacro %}

{# The days as a list of literals, so that engines can prune; none for all of them. What the
model's SQL builds and what its materialization replaces are both these days. #}
{% macro changed_days(changes) -%}
    {%- if not execute or not is_incremental() -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set builds -%}
        select count(*) from {{ build_log_relation() }}
        where model_name = '{{ this.identifier }}'
    {%- endset -%}
    {%- if answer(builds, offline=[[1]])[0][0] == 0 -%}
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
    {%- set days = [] -%}
    {%- for row in answer(query, offline=offline_days()) -%}
        {%- do days.append("date '" ~ row[0] ~ "'") -%}
    {%- endfor -%}
    {%- set reach = (config.get('meta') or {}).get('reach', 0) -%}
    {%- if days and reach -%}
        {%- set days = days_through(days, reach) -%}
    {%- endif -%}
    {# No fact has this day: it stands for no day at all, and lets engines prune. #}
    {{ return(days or [beginning_of_time()]) }}
{%- endmacro %}

{# The days and as many after each of them, of those that are over: no fact has later ones. #}
{% macro days_through(days, reach) -%}
    {%- set over = [] -%}
    {%- for day in days_around(days, range(reach + 1)) -%}
        {%- if day[6:16] < as_of_date()[6:16] -%}
            {%- do over.append(day) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(over) }}
{%- endmacro %}

{# The days and as many before each of them; none for all of them. #}
{% macro days_since(days, reach) -%}
    {{ return(none if days is none else days_around(days, range(-reach, 1))) }}
{%- endmacro %}

{# What is so many days from each of the days, in order. #}
{% macro days_around(days, offsets) -%}
    {%- set around = {} -%}
    {%- for day in days -%}
        {%- set date = modules.datetime.date.fromisoformat(day[6:16]) -%}
        {%- for number in offsets -%}
            {%- set day_around = date + modules.datetime.timedelta(days=number) -%}
            {%- do around.update({"date '" ~ day_around ~ "'": number}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(around | sort) }}
{%- endmacro %}

{# The first days of the months in which a day changed; none for all of them. #}
{% macro changed_months(changes) -%}
    {%- set days = changed_days(changes) -%}
    {%- if days is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set months = [] -%}
    {%- for day in days -%}
        {%- do months.append(day[:13] ~ "-01'") -%}
    {%- endfor -%}
    {{ return(months | unique | list) }}
{%- endmacro %}

{# All days of those months. #}
{% macro days_of_changed_months(changes) -%}
    {%- set months = changed_months(changes) -%}
    {%- if months is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set days = [] -%}
    {%- for month in months -%}
        {%- set first = modules.datetime.date.fromisoformat(month[6:16]) -%}
        {%- for number in range(31) -%}
            {%- set day = first + modules.datetime.timedelta(days=number) -%}
            {%- if day.month == first.month -%}
                {%- do days.append("date '" ~ day ~ "'") -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(days) }}
{%- endmacro %}

{# The days that a run replaces in the model that is built now. #}
{% macro replaced_days(meta) -%}
    {%- if meta.get('directory') -%}
        {%- set source_name, resource = meta['directory'] -%}
        {%- set windows = ref('base_' ~ source_name ~ '__windows') -%}
        {{ return(changed_snapshots(windows, resource)['built']) }}
    {%- endif -%}
    {%- if meta['period'] == 'month' -%}
        {{ return(changed_months(ref(meta['changes']))) }}
    {%- endif -%}
    {{ return(changed_days(ref(meta['changes']))) }}
{%- endmacro %}

{# Whether a day is one of those to build: a condition that partitions can be pruned by. #}
{% macro in_days(day_column, days) -%}
    {%- if days is none -%}
        {{ day_column }} >= {{ beginning_of_time() }}
    {%- else -%}
        {{ day_column }} in ({{ days | join(', ') }})
    {%- endif -%}
{%- endmacro %}

{# Whether a day is within all that changed, from first to last: no day, if nothing did. #}
{% macro within_changes(day_column, changes) -%}
    {%- set query = "select min(changed_from), max(changed_to) from " ~ changes -%}
    {%- set offline = [[offline_days() | map('first') | min, none]] -%}
    {%- set span = answer(query, offline)[0] if execute else [none, none] -%}
    {{ day_column }} >= {{ "date '" ~ span[0] ~ "'" if span[0] else end_of_time() }}
    and {{ day_column }} < {{ "date '" ~ span[1] ~ "'" if span[1] else end_of_time() }}
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

{% macro build_log_relation() -%}
    {{ return(api.Relation.create(
        database=target.database,
        schema=generate_schema_name('intermediate', none),
        identifier='build_log'
    )) }}
{%- endmacro %}

{# On-run-start: the log must be there before the first model asks for it. #}
{% macro create_build_log() -%}
    {%- if var('offline') -%}
        {{ return('') }}
    {%- endif -%}
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
