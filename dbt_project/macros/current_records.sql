{#
The records of a resource as last reported: for each window the rows of its newest
completed load. Older versions stay in raw; a window that the vendor emptied has a newest
version without rows.
#}
{% macro current_records(source_name, resource) -%}
    select records.*
    from {{ source('raw_' ~ source_name, resource) }} as records
    inner join {{ ref('stg_windows') }} as windows
        on
            records.organization = windows.organization
            and records.window_start = windows.window_start
            and records._dlt_load_id = windows.load_id
    where
        windows.source_name = '{{ source_name }}'
        and windows.resource = '{{ resource }}'
{%- endmacro %}

{#
CTEs up to `completed`: the versions of windows whose loads are complete. A run looks at the
loads of the last week again: a load counts from when it was complete, which may be long
after its rows were extracted, or after another one that began later. `known` is a condition
on the rows of the model that are of this source.
#}
{% macro completed_versions(source_name, known='true') -%}
    with extractions as (

        select * from {{ source('raw_' ~ source_name, 'extractions') }}
        {% if is_incremental() %}
            where extracted_at >= {{ days_before_newest_window(7, known) }}
        {% endif %}

    ),

    loads as (

        select * from {{ source('raw_' ~ source_name, '_dlt_loads') }}

    ),

    completed as (

        select
            extractions.resource,
            extractions.organization,
            extractions._dlt_load_id as load_id,
            extractions.content_hash,
            extractions.envelope,
            extractions.records,
            extractions.rejected,
            extractions.is_directory,
            extractions.window_start,
            extractions.window_end,
            cast(loads.inserted_at as {{ dbt.type_timestamp() }}) as loaded_at
        from extractions
        inner join loads
            on extractions._dlt_load_id = loads.load_id
        where
            extractions.is_changed
            and loads.status = 0

    )
{%- endmacro %}

{# The newest completed version of every window of a source. #}
{% macro current_windows(source_name) -%}
    {{ completed_versions(source_name, "source_name = '" ~ source_name ~ "'") }},

    newest as (

        select *
        from completed
        qualify row_number() over (
            partition by resource, organization, window_start
            order by loaded_at desc, load_id desc
        ) = 1

    )

    select * from newest
{%- endmacro %}

{# Every completed version of every window of some resources. Where another resource's report
of the same day counts instead of one, `resources` names it. #}
{% macro window_versions(source_name, resources) -%}
    {{ completed_versions(source_name) }}

    select
        resource,
        organization,
        load_id,
        records,
        window_start,
        loaded_at,
        cast(case resource
            {%- for resource, superseded_by in resources.items() %}
            when '{{ resource }}'
                then {{ "'" ~ superseded_by ~ "'" if superseded_by else 'null' }}
            {%- endfor %}
        end as {{ dbt.type_string() }}) as superseded_by
    from completed
    where resource in ('{{ resources | join("', '") }}')
{%- endmacro %}

{#
Whether a window's records belong to its day; a snapshot of a directory or sheet is of the
day of the run instead. The extractor says it of every window. Only windows that were landed
before it did are told by their names, so no name is ever added here.
#}
{% macro is_daily() -%}
    coalesce(
        not is_directory,
        resource in (
            'analytics_usage',
            'analytics_cost',
            'analytics_users',
            'usage_report_messages',
            'cost_report',
            'usage_report_claude_code',
            'daily_usage',
            'usage_events',
            'daily_activity'
        )
    )
{%- endmacro %}

{# As a literal, so that engines can prune. #}
{% macro days_before_newest_window(days, known) -%}
    {%- set query = "select max(loaded_at) from " ~ this ~ " where " ~ known -%}
    {%- set newest = answer(query, offline=[[none]]) -%}
    {%- set day = newest[0][0] or modules.datetime.datetime.fromisoformat(
        ((var('offline') or {}).get('days') or ['1970-01-08'])[0]
    ) -%}
    {%- set since = day - modules.datetime.timedelta(days=days) -%}
    timestamp '{{ since.strftime("%Y-%m-%d") }} 00:00:00'
{%- endmacro %}
