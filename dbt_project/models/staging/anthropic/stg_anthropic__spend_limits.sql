with source as (

    {{ current_records('anthropic', 'spend_limits') }}

),

rates as (

    select * from {{ ref('stg_exchange_rates') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('spend_limit_id') }} as spend_limit_id,
        {{ json_text('actor.user_id') }} as actor_user_id,
        {{ clean_email(json_text('actor.email_address')) }} as actor_email,
        -- strings
        {{ json_text('scope.type') }} as scope_type,
        {{ json_text('period') }} as period,
        upper({{ json_text('currency') }}) as currency,
        -- numerics
        {{ cents_to_usd(json_text('amount')) }} as limit_in_currency,
        {{ cents_to_usd(json_text('period_to_date_spend')) }}
            as period_to_date_spend_in_currency,
        -- dates
        window_start as snapshot_date
    from source

),

in_dollars as (

    select
        renamed.record_id,
        renamed.organization,
        renamed.spend_limit_id,
        renamed.actor_user_id,
        renamed.actor_email,
        renamed.scope_type,
        renamed.period,
        renamed.currency,
        {{ to_usd('renamed.limit_in_currency', 'renamed.currency') }} as limit_usd,
        {{ to_usd('renamed.period_to_date_spend_in_currency', 'renamed.currency') }}
            as period_to_date_spend_usd,
        renamed.limit_in_currency,
        renamed.period_to_date_spend_in_currency,
        renamed.snapshot_date
    from renamed
    left join rates
        on {{ rate_of_day('renamed.currency', 'renamed.snapshot_date') }}

)

select * from in_dollars
