-- Every version of every window, also of loads that are not complete.
-- UNITS: dollars; zero where there is no exchange rate for the currency
with source as (

    {% for resource in ['costs', 'costs_by_identity'] %}
        select
            '{{ resource }}' as resource,
            _dlt_id,
            _dlt_load_id,
            organization,
            payload,
            window_start
        from {{ source('raw_openai', resource) }}
        {{ "union all" if not loop.last }}
    {% endfor %}

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
        {{ json_text('project_id') }} as workspace_id,
        {{ json_text('api_key_id') }} as api_key_id,
        {{ json_text('user_id') }} as actor_user_id,
        -- strings
        resource,
        {{ clean_text(json_text('line_item')) }} as line_item,
        upper({{ json_text('amount.currency') }}) as currency,
        -- numerics
        {{ openai_amount() }} as billed_cost,
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
        renamed.api_key_id,
        renamed.actor_user_id,
        renamed.resource,
        renamed.line_item,
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
