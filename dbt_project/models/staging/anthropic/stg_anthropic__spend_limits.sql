with source as (

    {{ current_records('anthropic', 'spend_limits') }}

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
        {{ json_text('currency') }} as currency,
        -- numerics
        {{ cents_to_usd(json_text('amount')) }} as limit_usd,
        {{ cents_to_usd(json_text('period_to_date_spend')) }}
            as period_to_date_spend_usd,
        -- dates
        window_start as snapshot_date
    from source

)

select * from renamed
