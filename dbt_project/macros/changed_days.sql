{#
Which days an incremental model builds again.

A model that uses this is built completely the first time. After that, each run replaces the
days that changed since the last completed run (int_changed_windows, int_changed_days). It
replaces a day as a whole, even if nothing is left of it, and neither reads nor writes any
other day. A run that was killed did not complete, so the next one replaces its days again
(macros/completed_runs.sql).
#}

{# The days that have ended since the last completed run, from the caller's CTEs last_run
and days. #}
{% macro elapsed_days() -%}
    select
        days.date_day as changed_date,
        'the day is over' as reason
    from last_run
    inner join days
        on
            last_run.as_of_date <= days.date_day
            and days.date_day < {{ as_of_date() }}
{%- endmacro %}

{# The settings of such a model: a table by day in which a run replaces whole days. If a
day's rows also depend on earlier days, `reach` is the number of those days: as many days
after a changed day are then built again too. If a model depends on more than the records of
its days, every run builds the last `recent` days again. A model that
`needs_memory` may have more of DuckDB's than the rest: the first build of a large company
does not fit into the usual limit. #}
{% macro replaced_by_day(
    day_column, changes, cluster_by, period='day', reach=0, recent=0, whole_months=false,
    needs_memory=false
) -%}
    {%- set config = {
        'materialized': 'incremental',
        'on_schema_change': 'fail',
        'meta': {
            'day_column': day_column,
            'changes': changes,
            'period': period,
            'reach': reach,
            'recent': recent,
            'whole_months': whole_months,
        },
    } -%}
    {%- if needs_memory -%}
        {%- do config.update({
            'pre_hook': "{{ memory_limit('1100MB') }}",
            'post_hook': "{{ memory_limit() }}",
        }) -%}
    {%- endif -%}
    {%- do config.update(
        adapter.dispatch('days_as_partitions')(day_column, cluster_by, period)
    ) -%}
    {{ return(config) }}
{%- endmacro %}

{# The same by month: `month_column` has the first day of the month, and a run replaces each
month in which a day changed. It reads these months completely: `days_of_changed_months`. #}
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

{# The days as a list of literals, so that engines can prune partitions; none means all
days. The model's SQL builds these days, and its materialization replaces them. All models
ask the same question about a table of changes, which is built before the first of them. #}
{% macro changed_days(changes) -%}
    {%- if not execute -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set key = 'days of ' ~ this.identifier -%}
    {%- if not is_incremental() -%}
        {%- do run_memory().update({key: [beginning_of_time()]}) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set query = "select distinct changed_date from " ~ changes -%}
    {%- set meta = config.get('meta') or {} -%}
    {%- set days = days_around([as_of_date()], range(-meta.get('recent', 0), 0)) -%}
    {%- for row in ask_once(query, offline=offline_days()) -%}
        {%- do days.append("date '" ~ row[0] ~ "'") -%}
    {%- endfor -%}
    {%- do run_memory().update({key: days}) -%}
    {%- if meta.get('reach') -%}
        {%- set days = days_through(days, meta['reach']) -%}
    {%- endif -%}
    {# If nothing changed, the list still needs a day so that engines can prune: one that no
    fact has. #}
    {{ return((days | unique | sort) or [beginning_of_time()]) }}
{%- endmacro %}

{# The days and as many days after each of them, up to the last day that is over, because no
fact has later ones. #}
{% macro days_through(days, reach) -%}
    {%- set over = [] -%}
    {%- for day in days_around(days, range(reach + 1)) -%}
        {%- if day[6:16] < as_of_date()[6:16] -%}
            {%- do over.append(day) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(over) }}
{%- endmacro %}

{# The days and as many days before each of them; none means all days. #}
{% macro days_since(days, reach) -%}
    {{ return(none if days is none else days_around(days, range(-reach, 1))) }}
{%- endmacro %}

{# The days at these offsets from each of the days, in order. #}
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

{# The first days of the months in which a day changed; none means all months. #}
{% macro changed_months(changes) -%}
    {{ return(months_of(changed_days(changes))) }}
{%- endmacro %}

{# All days of those months. #}
{% macro days_of_changed_months(changes) -%}
    {{ return(days_of_months(changed_months(changes))) }}
{%- endmacro %}

{# The first days of the months of some days; none means all months. #}
{% macro months_of(days) -%}
    {%- if days is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set months = [] -%}
    {%- for day in days -%}
        {%- do months.append(day[:13] ~ "-01'") -%}
    {%- endfor -%}
    {{ return(months | unique | list) }}
{%- endmacro %}

{# All days of months, given by their first days. #}
{% macro days_of_months(months) -%}
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

{# The days that a run replaces in the model that is being built. #}
{% macro replaced_days(meta) -%}
    {%- if meta.get('directories') -%}
        {%- set source_name, resources = meta['directories'] -%}
        {{ return(changed_snapshots(source_name, resources)['built']) }}
    {%- endif -%}
    {%- if meta['period'] == 'month' -%}
        {{ return(changed_months(ref(meta['changes']))) }}
    {%- endif -%}
    {%- if meta.get('whole_months') -%}
        {{ return(days_of_changed_months(ref(meta['changes']))) }}
    {%- endif -%}
    {{ return(changed_days(ref(meta['changes']))) }}
{%- endmacro %}

{# Whether a day is one of the days to build: a condition that engines can prune partitions
by. #}
{% macro in_days(day_column, days) -%}
    {%- if days is none -%}
        {{ day_column }} >= {{ beginning_of_time() }}
    {%- else -%}
        {{ day_column }} in ({{ days | join(', ') }})
    {%- endif -%}
{%- endmacro %}

{# Whether a day is between the first and the last changed day; false for every day if
nothing changed. #}
{% macro within_changes(day_column, changes) -%}
    {%- set query = "select min(changed_from), max(changed_to) from " ~ changes -%}
    {%- set offline = [[offline_days() | map('first') | min, none]] -%}
    {%- set span = answer(query, offline)[0] if execute else [none, none] -%}
    {{ day_column }} >= {{ "date '" ~ span[0] ~ "'" if span[0] else end_of_time() }}
    and {{ day_column }} < {{ "date '" ~ span[1] ~ "'" if span[1] else end_of_time() }}
{%- endmacro %}
