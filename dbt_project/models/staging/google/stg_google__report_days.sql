-- GRAIN: one row per day of usage, with its newest version
with versions as (

    select * from {{ ref('stg_google__cost_versions') }}

),

newest as (

    select
        resource,
        organization,
        load_id,
        records,
        window_start,
        {{ add_days('window_start', 1) }} as window_end,
        loaded_at
    from versions
    qualify row_number() over (
        partition by resource, organization, window_start
        order by loaded_at desc, load_id desc
    ) = 1

)

select * from newest
