-- GRAIN: one row per day of usage, platform and load, with what the load added to what
-- the day had cost before, less what it took away
with versions as (

    select * from {{ ref('stg_google__export_versions') }}
    where resource = 'billing_export'

),

charges as (

    select * from {{ ref('stg_google__charges') }}

),

numbered as (

    select
        organization,
        window_start,
        load_id,
        loaded_at,
        lead(load_id) over (
            partition by organization, window_start order by loaded_at, load_id
        ) as next_load_id,
        lead(loaded_at) over (
            partition by organization, window_start order by loaded_at, load_id
        ) as next_loaded_at
    from versions

),

summed as (

    select
        numbered.organization,
        numbered.load_id,
        numbered.loaded_at,
        numbered.next_load_id,
        numbered.next_loaded_at,
        charges.usage_date,
        charges.platform_code,
        count(*) as records,
        sum(charges.billed_cost_usd) as billed_cost_usd
    from charges
    inner join numbered
        on
            charges.organization = numbered.organization
            and charges.export_date = numbered.window_start
            and charges.load_id = numbered.load_id
    group by all

),

changes as (

    select
        organization,
        usage_date,
        platform_code,
        load_id,
        loaded_at,
        records,
        billed_cost_usd
    from summed

    union all

    -- A window that lands again replaces its rows.
    select
        organization,
        usage_date,
        platform_code,
        next_load_id as load_id,
        next_loaded_at as loaded_at,
        -records as records,
        -billed_cost_usd as billed_cost_usd
    from summed
    where next_load_id is not null

),

netted as (

    select
        organization,
        usage_date,
        platform_code,
        load_id,
        loaded_at,
        cast(sum(records) as int64) as records,
        cast(sum(billed_cost_usd) as {{ type_money() }}) as billed_cost_usd
    from changes
    group by all

)

select * from netted
