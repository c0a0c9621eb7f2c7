-- GRAIN: one row per user, model, SKU, organization and day, as last reported
-- An enterprise's report writes its columns in another way than the answers about
-- single users of an organization.
with source as (

    {{ current_records('github', 'ai_credits') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        lower({{ clean_text(json_text('organization')) }}) as github_organization,
        lower({{ clean_text(json_text('username')) }}) as login_name,
        -- strings
        {{ github_sku(json_text('sku')) }} as sku_code,
        {{ github_model(json_text('model')) }} as model,
        -- numerics
        coalesce({{ json_usd('gross_amount') }}, {{ json_usd('grossAmount') }})
            as list_cost_usd,
        -- dates
        window_start as cost_date
    from source

)

select * from renamed
