-- Windows of the sources of RevOps, which have changes of their own: they are not in
-- int_windows, so that a changed account builds no day of the company's costs again.
with windows as (

    select * from {{ ref('stg_windows') }}
    where source_name in ({{ sql_list(var('seller_sources')) }})

),

marked as (

    select
        source_name,
        resource,
        organization,
        records,
        window_start,
        loaded_at,
        {{ is_daily() }} as is_daily
    from windows

)

select * from marked
