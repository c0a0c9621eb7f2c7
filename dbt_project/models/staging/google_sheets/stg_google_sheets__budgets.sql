with source as (

    {{ current_records('google_sheets', 'budgets') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        -- strings
        lower({{ clean_text(json_text('payload', 'scope_type')) }}) as scope_type,
        {{ clean_text(json_text('payload', 'scope')) }} as scope,
        {{ clean_text(json_text('payload', 'month')) }} as month,
        -- numerics
        {{ json_integer('payload', '_row') }} as sheet_row,
        cast({{ clean_text(json_text('payload', 'amount_usd')) }} as {{ type_money() }}) as amount_usd,
        -- dates
        window_start as snapshot_date
    from source

)

select * from renamed
