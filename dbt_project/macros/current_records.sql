{#
The records of a resource as last reported: for each window the rows of its newest
completed load. Older versions stay in raw; a window that the vendor emptied has a newest
version without rows.
#}
{% macro current_records(source_name, resource) -%}
    select records.*
    from {{ source('raw_' ~ source_name, resource) }} as records
    inner join {{ ref('base_' ~ source_name ~ '__windows') }} as windows
        on
            records.organization = windows.organization
            and records.window_start = windows.window_start
            and records._dlt_load_id = windows.load_id
    where windows.resource = '{{ resource }}'
{%- endmacro %}

{# The newest completed version of every window of a source. #}
{% macro current_windows(source_name) -%}
    with extractions as (

        select * from {{ source('raw_' ~ source_name, 'extractions') }}

    ),

    loads as (

        select * from {{ source('raw_' ~ source_name, '_dlt_loads') }}

    ),

    newest as (

        select
            extractions.resource,
            extractions.organization,
            extractions._dlt_load_id as load_id,
            extractions.content_hash,
            extractions.envelope,
            extractions.records,
            extractions.rejected,
            extractions.window_start,
            extractions.window_end,
            cast(loads.inserted_at as {{ dbt.type_timestamp() }}) as loaded_at
        from extractions
        inner join loads
            on extractions._dlt_load_id = loads.load_id
        where
            extractions.is_changed
            and loads.status = 0
        qualify row_number() over (
            partition by
                extractions.resource,
                extractions.organization,
                extractions.window_start
            order by loads.inserted_at desc, extractions._dlt_load_id desc
        ) = 1

    )

    select * from newest
{%- endmacro %}
