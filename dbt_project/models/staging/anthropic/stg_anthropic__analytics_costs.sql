with source as (

    {{ current_records('anthropic', 'analytics_cost') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ clean_email(json_text('payload', 'group.actor.email_address')) }} as actor_email,
        {{ json_text('payload', 'group.actor.user_id') }} as actor_user_id,
        {{ json_text('payload', 'group.actor.service_account_id') }} as service_account_id,
        {{ json_text('payload', 'group.actor.subject') }} as federated_subject,
        coalesce({{ json_text('payload', 'group.api_key_id') }}, {{ json_text('payload', 'group.actor.api_key_id') }}) as api_key_id,
        {{ json_text('payload', 'group.workspace_id') }} as workspace_id,
        -- strings
        {{ json_text('payload', 'group.actor.type') }} as actor_type,
        {{ json_text('payload', 'group.product') }} as product,
        {{ json_text('payload', 'group.model') }} as model,
        {{ json_text('payload', 'group.cost_type') }} as cost_type,
        {{ token_type(json_text('payload', 'group.token_type')) }} as token_type,
        {{ json_text('payload', 'cost.currency') }} as currency,
        -- numerics
        {{ cents_to_usd(json_text('payload', 'cost.list_amount')) }} as list_cost_usd,
        {{ cents_to_usd(json_text('payload', 'cost.amount')) }} as billed_cost_usd,
        -- dates
        window_start as cost_date
    from source

)

select * from renamed
