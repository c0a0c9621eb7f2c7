with source as (

    {{ directory_records('google_sheets', 'invoices') }}

),

renamed as (

    select
        -- ids
        record_id,
        {{ clean_text(json_text('invoice_id')) }} as invoice_id,
        -- strings
        lower({{ clean_text(json_text('platform')) }}) as platform,
        lower({{ clean_text(json_text('organization')) }}) as organization,
        lower({{ clean_text(json_text('status')) }}) as status,
        upper({{ clean_text(json_text('currency')) }}) as currency,
        lower({{ clean_text(json_text('corrects')) }}) as corrects,
        -- numerics
        {{ json_integer('_row') }} as sheet_row,
        coalesce({{ json_usd('amount_usd') }}, {{ json_usd('amount') }}) as amount,
        -- dates
        seen_from,
        seen_to,
        {{ json_date('period_start') }} as period_start,
        {{ json_date('period_end') }} as period_end
    from source

)

select * from renamed
