with source as (

    {{ current_records('cursor', 'spend') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('payload', 'userId') }} as member_id,
        {{ clean_email(json_text('payload', 'email')) }} as email,
        -- numerics
        {{ cents_to_usd(json_text('payload', 'spendCents')) }} as on_demand_usd,
        {{ cents_to_usd(json_text('payload', 'overallSpendCents')) }} as overall_usd,
        cast({{ clean_text(json_text('payload', 'hardLimitOverrideDollars')) }} as {{ type_money() }}) as hard_limit_usd,
        cast({{ clean_text(json_text('payload', 'monthlyLimitDollars')) }} as {{ type_money() }}) as monthly_limit_usd,
        -- dates
        window_start as snapshot_date
    from source

)

select * from renamed
