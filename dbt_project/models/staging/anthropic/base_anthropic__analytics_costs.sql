-- Every version of every window, also of loads that are not complete.
-- UNITS: dollars; zero where there is no exchange rate for the currency
with source as (

    select * from {{ source('raw_anthropic', 'analytics_cost') }}

),

rates as (

    select * from {{ ref('stg_exchange_rates') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        _dlt_load_id as load_id,
        organization,
        {{ clean_email(json_text('group.actor.email_address')) }} as actor_email,
        {{ json_text('group.actor.user_id') }} as actor_user_id,
        {{ json_text('group.actor.service_account_id') }} as service_account_id,
        {{ json_text('group.actor.subject') }} as federated_subject,
        coalesce(
            {{ json_text('group.api_key_id') }},
            {{ json_text('group.actor.api_key_id') }}
        ) as api_key_id,
        {{ json_text('group.workspace_id') }} as workspace_id,
        -- strings
        {{ json_text('group.actor.type') }} as actor_type,
        {{ json_text('group.product') }} as product,
        {{ json_text('group.model') }} as model,
        {{ json_text('group.cost_type') }} as cost_type,
        {{ token_type(json_text('group.token_type')) }} as token_type,
        upper({{ json_text('cost.currency') }}) as currency,
        -- numerics
        {{ cents_to_usd(json_text('cost.list_amount')) }} as list_cost,
        {{ cents_to_usd(json_text('cost.amount')) }} as billed_cost,
        -- dates
        window_start as cost_date
    from source

),

in_dollars as (

    select
        renamed.record_id,
        renamed.load_id,
        renamed.organization,
        renamed.actor_email,
        renamed.actor_user_id,
        renamed.service_account_id,
        renamed.federated_subject,
        renamed.api_key_id,
        renamed.workspace_id,
        renamed.actor_type,
        renamed.product,
        renamed.model,
        renamed.cost_type,
        renamed.token_type,
        renamed.currency,
        coalesce({{ to_usd('renamed.list_cost', 'renamed.currency') }}, 0)
            as list_cost_usd,
        coalesce({{ to_usd('renamed.billed_cost', 'renamed.currency') }}, 0)
            as billed_cost_usd,
        renamed.billed_cost as billed_cost_in_currency,
        renamed.cost_date
    from renamed
    left join rates
        on {{ rate_of_day('renamed.currency', 'renamed.cost_date') }}

)

select * from in_dollars
