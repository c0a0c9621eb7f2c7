-- GRAIN: one row per day of usage and platform, as of each version of the day
with changes as (

    select * from {{ ref('stg_google__charge_changes') }}

),

versions as (

    select * from {{ ref('stg_google__cost_versions') }}

),

records as (

    select
        versions.window_start as cost_date,
        versions.organization,
        versions.resource,
        versions.load_id,
        changes.platform_code,
        versions.superseded_by,
        cast(sum(changes.billed_cost_usd) as {{ type_money() }}) as billed_cost_usd
    from versions
    inner join changes
        on
            versions.organization = changes.organization
            and versions.window_start = changes.usage_date
            and (
                versions.loaded_at > changes.loaded_at
                or versions.load_id = changes.load_id
            )
    group by all

)

select * from records
