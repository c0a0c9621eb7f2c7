with source as (

    {{ current_records('google_sheets', 'invoices') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        {{ clean_text(json_text('payload', 'invoice_id')) }} as invoice_id,
        -- strings
        lower({{ clean_text(json_text('payload', 'platform')) }}) as platform,
        lower({{ clean_text(json_text('payload', 'status')) }}) as status,
        -- numerics
        {{ json_integer('payload', '_row') }} as sheet_row,
        cast({{ clean_text(json_text('payload', 'amount_usd')) }} as {{ type_money() }}) as amount_usd,
        -- dates
        window_start as snapshot_date,
        cast({{ clean_text(json_text('payload', 'period_start')) }} as date) as period_start,
        cast({{ clean_text(json_text('payload', 'period_end')) }} as date) as period_end
    from source

)

select * from renamed
