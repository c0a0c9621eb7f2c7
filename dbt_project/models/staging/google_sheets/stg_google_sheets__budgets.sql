with source as (

    {{ directory_records('google_sheets', 'budgets') }}

),

renamed as (

    select
        -- ids
        record_id,
        -- strings
        lower({{ clean_text(json_text('scope_type')) }}) as scope_type,
        {{ clean_text(json_text('scope')) }} as scope,
        {{ clean_text(json_text('month')) }} as month,
        -- numerics
        {{ json_integer('_row') }} as sheet_row,
        {{ json_usd('amount_usd') }} as amount_usd,
        -- dates
        seen_from,
        seen_to
    from source

)

select * from renamed
