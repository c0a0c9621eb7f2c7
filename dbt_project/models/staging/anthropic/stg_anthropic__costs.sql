with source as (

    {{ current_records('anthropic', 'cost_report') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('payload', 'workspace_id') }} as workspace_id,
        -- strings
        {{ json_text('payload', 'description') }} as description,
        {{ json_text('payload', 'model') }} as model,
        {{ json_text('payload', 'cost_type') }} as cost_type,
        {{ token_type(json_text('payload', 'token_type')) }} as token_type,
        {{ json_text('payload', 'service_tier') }} as service_tier,
        {{ json_text('payload', 'context_window') }} as context_window,
        {{ json_text('payload', 'currency') }} as currency,
        -- numerics
        {{ cents_to_usd(json_text('payload', 'amount')) }} as billed_cost_usd,
        -- dates
        window_start as cost_date
    from source

)

select * from renamed
