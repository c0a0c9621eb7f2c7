with source as (

    {{ current_records('google_sheets', 'budgets') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        -- strings
        lower({{ clean_text(json_text('scope_type')) }}) as scope_type,
        {{ clean_text(json_text('scope')) }} as scope,
        {{ clean_text(json_text('month')) }} as month,
        -- numerics
        {{ json_integer('_row') }} as sheet_row,
        {{ json_usd('amount_usd') }} as amount_usd,
        -- dates
        window_start as snapshot_date
    from source

)

select * from renamed
