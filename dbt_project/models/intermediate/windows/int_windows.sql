-- Windows of what is spent; the seller's own sources have days of their own.
with windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name in (
            {{ sql_list(var('vendors') | list + var('other_sources')) }}
        )

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
