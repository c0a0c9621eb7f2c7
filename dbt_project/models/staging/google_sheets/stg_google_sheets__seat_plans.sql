with source as (

    {{ current_records('google_sheets', 'seat_plans') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        -- strings
        lower({{ clean_text(json_text('payload', 'platform')) }}) as platform,
        lower({{ clean_text(json_text('payload', 'plan')) }}) as plan,
        lower({{ clean_text(json_text('payload', 'billing_cycle')) }}) as billing_cycle,
        -- numerics
        {{ json_integer('payload', '_row') }} as sheet_row,
        cast({{ clean_text(json_text('payload', 'seat_price_usd')) }} as {{ type_money() }}) as seat_price_usd,
        -- dates
        window_start as snapshot_date,
        cast({{ clean_text(json_text('payload', 'valid_from')) }} as date) as valid_from,
        cast({{ clean_text(json_text('payload', 'valid_to')) }} as date) as valid_to
    from source

)

select * from renamed
