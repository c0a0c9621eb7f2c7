{{ config(**changes_of_directory('cursor', 'spend')) }}

-- GRAIN: one row per organization and snapshot
-- Each day adds snapshots of members, so a run sums only the new ones.
{% set days = changed_snapshots(ref('base_cursor__windows'), 'spend') %}

with spends as (

    select * from {{ ref('stg_cursor__spends') }}
    where {{ in_days('snapshot_date', days['built'] if days else none) }}

),

cycles as (

    select * from {{ ref('stg_cursor__billing_cycles') }}
    where {{ in_days('snapshot_date', days['built'] if days else none) }}

),

summed as (

    select
        cycles.snapshot_date,
        cycles.organization,
        cycles.cycle_start_date,
        cycles.loaded_at,
        cast(coalesce(sum(spends.on_demand_usd), 0) as {{ type_money() }})
            as on_demand_usd
    from cycles
    left join spends
        on
            cycles.organization = spends.organization
            and cycles.snapshot_date = spends.snapshot_date
    group by
        cycles.snapshot_date,
        cycles.organization,
        cycles.cycle_start_date,
        cycles.loaded_at

)

select * from summed
