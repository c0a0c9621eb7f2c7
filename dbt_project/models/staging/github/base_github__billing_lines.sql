-- Every version of every window, also of loads that are not complete.
with source as (

    select * from {{ source('raw_github', 'billing_usage') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        _dlt_load_id as load_id,
        organization,
        lower({{ clean_text(json_text('organizationName')) }}) as github_organization,
        {{ clean_text(json_text('repositoryName')) }} as repository,
        -- strings
        lower({{ clean_text(json_text('product')) }}) as product,
        {{ json_text('sku') }} as sku,
        {{ github_sku(json_text('sku')) }} as sku_code,
        {{ json_text('unitType') }} as unit_type,
        -- numerics
        {{ json_number('quantity') }} as quantity,
        {{ json_usd('grossAmount') }} as list_cost_usd,
        {{ json_usd('netAmount') }} as billed_cost_usd,
        -- dates
        window_start as cost_date
    from source

)

select * from renamed
