{#
Directories (members, keys, the tabs of a sheet) land whole when anything in them changed.
What later models need is when each record came and went, so a base model keeps just that:
one row where a record first shows, one where it no longer does. A run compares the
snapshots that are new, and those that follow a new one, with the ones before them; how
many snapshots there have ever been does not matter.
#}

{# The settings of a base model of directories. #}
{% macro changes_of_directories(source_name, resources, cluster_by) -%}
    {%- set config = {
        'materialized': 'incremental',
        'on_schema_change': 'fail',
        'meta': {
            'day_column': 'snapshot_date',
            'directories': [source_name, resources],
        },
    } -%}
    {%- do config.update(
        adapter.dispatch('days_as_partitions')('snapshot_date', cluster_by, 'day')
    ) -%}
    {{ return(config) }}
{%- endmacro %}

{# The SQL of such a base model. #}
{% macro directory_changes(source_name, resources) -%}
    {%- set days = changed_snapshots(source_name, resources) -%}
    with records as (

        {% for resource in resources %}
            select
                '{{ resource }}' as resource,
                _dlt_id,
                organization,
                payload,
                window_start
            from (
                {{ current_records(source_name, resource) }}
                {% if days is not none -%}
                    and {{ in_days('records.window_start', days['compared']) }}
                {%- endif %}
            ) as {{ resource }}_records
            {{ "union all" if not loop.last }}
        {% endfor %}

    ),

    -- Equal records of a snapshot are told apart by their number.
    numbered as (

        select
            resource,
            _dlt_id as record_id,
            organization,
            payload,
            window_start as snapshot_date,
            row_number() over (
                partition by resource, organization, window_start, payload
                order by _dlt_id
            ) as copy_number
        from records

    ),

    snapshots as (

        select
            resource,
            organization,
            window_start as snapshot_date,
            loaded_at,
            lag(window_start) over (
                partition by resource, organization order by window_start
            ) as previous_snapshot_date
        from {{ ref('stg_windows') }}
        where
            source_name = '{{ source_name }}'
            and resource in ({{ sql_list(resources) }})

    ),

    built as (

        select * from snapshots
        where {{ in_days('snapshot_date', days['built'] if days else none) }}

    ),

    now_there as (

        select
            built.resource,
            built.snapshot_date,
            built.loaded_at,
            numbered.organization,
            numbered.record_id,
            numbered.payload,
            numbered.copy_number
        from built
        inner join numbered
            on
                built.resource = numbered.resource
                and built.organization = numbered.organization
                and built.snapshot_date = numbered.snapshot_date

    ),

    before_there as (

        select
            built.resource,
            built.snapshot_date,
            built.loaded_at,
            numbered.organization,
            numbered.record_id,
            numbered.payload,
            numbered.copy_number
        from built
        inner join numbered
            on
                built.resource = numbered.resource
                and built.organization = numbered.organization
                and built.previous_snapshot_date = numbered.snapshot_date

    ),

    compared as (

        select
            coalesce(now_there.resource, before_there.resource) as resource,
            coalesce(now_there.snapshot_date, before_there.snapshot_date)
                as snapshot_date,
            coalesce(now_there.organization, before_there.organization) as organization,
            coalesce(now_there.record_id, before_there.record_id) as record_id,
            coalesce(now_there.payload, before_there.payload) as payload,
            coalesce(now_there.copy_number, before_there.copy_number) as copy_number,
            coalesce(now_there.loaded_at, before_there.loaded_at) as loaded_at,
            now_there.record_id is not null as is_there
        from now_there
        full outer join before_there
            on
                now_there.resource = before_there.resource
                and now_there.snapshot_date = before_there.snapshot_date
                and now_there.organization = before_there.organization
                and now_there.payload = before_there.payload
                and now_there.copy_number = before_there.copy_number
        where
            now_there.record_id is null
            or before_there.record_id is null

    )

    select * from compared
{%- endmacro %}

{# Which snapshots a base model builds, and which it reads for that; none for all. #}
{% macro changed_snapshots(source_name, resources) -%}
    {%- set windows = ref('stg_windows') -%}
    {%- if not execute or not is_incremental() -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set query -%}
        with known as (

            select max(loaded_at) as loaded_at from {{ this }}

        ),

        snapshots as (

            select
                window_start as snapshot_date,
                loaded_at,
                lag(window_start) over (
                    partition by resource, organization order by window_start
                ) as previous_snapshot_date,
                lag(loaded_at) over (
                    partition by resource, organization order by window_start
                ) as previous_loaded_at
            from {{ windows }}
            where
                source_name = '{{ source_name }}'
                and resource in ({{ sql_list(resources) }})

        ),

        changed as (

            select distinct snapshots.snapshot_date
            from snapshots
            cross join known
            where
                known.loaded_at is null
                or snapshots.loaded_at > known.loaded_at
                or snapshots.previous_loaded_at > known.loaded_at

        )

        select
            snapshots.snapshot_date,
            snapshots.previous_snapshot_date
        from snapshots
        inner join changed
            on snapshots.snapshot_date = changed.snapshot_date
    {%- endset -%}
    {%- set days = {'built': [], 'compared': []} -%}
    {%- for row in ask_once(query, offline=offline_days()) -%}
        {%- do days['built'].append("date '" ~ row[0] ~ "'") -%}
        {%- do days['compared'].append("date '" ~ row[0] ~ "'") -%}
        {%- if row[1] -%}
            {%- do days['compared'].append("date '" ~ row[1] ~ "'") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({
        'built': (days['built'] or [beginning_of_time()]) | unique | sort,
        'compared': (days['compared'] or [beginning_of_time()]) | unique | sort,
    }) }}
{%- endmacro %}

{# The records of a directory, each with the first snapshot that shows it, and the first
one after that which does not. #}
{% macro directory_records(source_name, resource) -%}
    select
        record_id,
        organization,
        payload,
        seen_from,
        seen_to
    from (
        select
            *,
            snapshot_date as seen_from,
            coalesce(
                lead(snapshot_date) over (
                    partition by organization, payload, copy_number
                    order by snapshot_date
                ),
                {{ end_of_time() }}
            ) as seen_to
        from {{ ref('base_' ~ source_name ~ '__directories') }}
        where resource = '{{ resource }}'
    )
    where is_there
{%- endmacro %}

{# Of the records of a directory each one's last known entry: one keeps it after it has left
the directory. Of two organizations that list it the first counts. #}
{% macro last_known(id) -%}
    qualify row_number() over (
        partition by {{ id }}
        order by seen_to desc, seen_from desc, organization asc
    ) = 1
{%- endmacro %}
