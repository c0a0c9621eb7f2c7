{{ config(materialized='table', tags=['every_run']) }}

-- GRAIN: one row: how far this run reads
with landed as (

    select loaded_at from {{ ref('int_windows') }}

    union all

    select loaded_at from {{ ref('base_product__windows') }}

    union all

    select loaded_at from {{ ref('base_salesforce__windows') }}

    union all

    -- A load that found nothing changed has no window, and still is when a day was last
    -- asked for.
    select loaded_at from {{ ref('int_extractions') }}

),

windows as (

    select max(loaded_at) as loads_through from landed

),

rules as (

    select
        max(greatest(dbt_valid_from, coalesce(dbt_valid_to, dbt_valid_from)))
            as rules_through
    from {{ ref('attribution_rules_snapshot') }}

),

positions as (

    select
        cast(windows.loads_through as {{ dbt.type_timestamp() }}) as loads_through,
        cast(rules.rules_through as {{ dbt.type_timestamp() }}) as rules_through,
        {{ as_of_date() }} as as_of_date
    from windows
    cross join rules

)

select * from positions
