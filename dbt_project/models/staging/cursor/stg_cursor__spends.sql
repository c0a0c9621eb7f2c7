with source as (

    {{ current_records('cursor', 'spend') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('userId') }} as member_id,
        {{ clean_email(json_text('email')) }} as email,
        -- numerics
        {{ cents_to_usd(json_text('spendCents')) }} as on_demand_usd,
        {{ cents_to_usd(json_text('overallSpendCents')) }} as overall_usd,
        {{ json_usd('hardLimitOverrideDollars') }} as hard_limit_usd,
        {{ json_usd('monthlyLimitDollars') }} as monthly_limit_usd,
        -- dates
        window_start as snapshot_date
    from source

)

select * from renamed
