with source as (

    {{ directory_records('google_sheets', 'seat_plans') }}

),

renamed as (

    select
        -- ids
        record_id,
        -- strings
        lower({{ clean_text(json_text('platform')) }}) as platform,
        lower({{ clean_text(json_text('plan')) }}) as plan,
        lower({{ clean_text(json_text('billing_cycle')) }}) as billing_cycle,
        -- numerics
        {{ json_integer('_row') }} as sheet_row,
        {{ json_usd('seat_price_usd') }} as seat_price_usd,
        -- dates
        seen_from,
        seen_to,
        {{ json_date('valid_from') }} as valid_from,
        {{ json_date('valid_to') }} as valid_to,
        {{ json_date('renews_on') }} as renews_on
    from source

)

select * from renamed
