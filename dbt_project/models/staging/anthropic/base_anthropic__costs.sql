-- Every version of every window, also of loads that are not complete.
with source as (

    select * from {{ source('raw_anthropic', 'cost_report') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        _dlt_load_id as load_id,
        organization,
        {{ json_text('workspace_id') }} as workspace_id,
        -- strings
        {{ json_text('description') }} as description,
        {{ json_text('model') }} as model,
        {{ json_text('cost_type') }} as cost_type,
        {{ token_type(json_text('token_type')) }} as token_type,
        {{ json_text('service_tier') }} as service_tier,
        {{ json_text('context_window') }} as context_window,
        {{ json_text('currency') }} as currency,
        -- numerics
        {{ cents_to_usd(json_text('amount')) }} as billed_cost_usd,
        -- dates
        window_start as cost_date
    from source

)

select * from renamed
