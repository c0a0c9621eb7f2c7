-- Every version of every window, also of loads that are not complete.
-- UNITS: dollars; zero where there is no exchange rate for the currency
with source as (

    select * from {{ source('raw_anthropic', 'cost_report') }}

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
        {{ json_text('workspace_id') }} as workspace_id,
        -- strings
        {{ json_text('description') }} as description,
        {{ json_text('model') }} as model,
        {{ json_text('cost_type') }} as cost_type,
        {{ token_type(json_text('token_type')) }} as token_type,
        {{ json_text('service_tier') }} as service_tier,
        {{ json_text('context_window') }} as context_window,
        upper({{ json_text('currency') }}) as currency,
        -- numerics
        {{ cents_to_usd(json_text('amount')) }} as billed_cost,
        -- dates
        window_start as cost_date
    from source

),

in_dollars as (

    select
        renamed.record_id,
        renamed.load_id,
        renamed.organization,
        renamed.workspace_id,
        renamed.description,
        renamed.model,
        case
            when renamed.token_type is null
                then
                    coalesce(
                        {{ adjustment_type(
                            'renamed.description', 'renamed.billed_cost'
                        ) }},
                        renamed.cost_type
                    )
            else renamed.cost_type
        end as cost_type,
        case
            when
                {{ adjustment_type('renamed.description', 'renamed.billed_cost') }}
                is not null
                then coalesce(renamed.token_type, renamed.description)
            else renamed.token_type
        end as token_type,
        renamed.service_tier,
        renamed.context_window,
        renamed.currency,
        coalesce({{ to_usd('renamed.billed_cost', 'renamed.currency') }}, 0)
            as billed_cost_usd,
        renamed.billed_cost as billed_cost_in_currency,
        renamed.cost_date
    from renamed
    left join rates
        on {{ rate_of_day('renamed.currency', 'renamed.cost_date') }}

)

select * from in_dollars
