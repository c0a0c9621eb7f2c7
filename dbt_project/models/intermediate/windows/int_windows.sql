with windows as (

    {{ all_sources('base', 'windows', [
        'resource', 'organization', 'load_id', 'records', 'window_start', 'window_end',
        'loaded_at', 'is_directory',
    ]) }}

),

marked as (

    select
        source_name,
        resource,
        organization,
        load_id,
        records,
        window_start,
        window_end,
        loaded_at,
        {{ is_daily() }} as is_daily
    from windows

)

select * from marked
