with source as (

    {{ directory_records('google_sheets', 'exchange_rates') }}

),

renamed as (

    select
        -- ids
        record_id,
        -- strings
        upper({{ clean_text(json_text('currency')) }}) as currency,
        -- numerics
        {{ json_integer('_row') }} as sheet_row,
        {{ json_number('usd_per_unit') }} as usd_per_unit,
        -- dates
        seen_from,
        seen_to,
        {{ json_date('valid_from') }} as valid_from
    from source

)

select * from renamed
