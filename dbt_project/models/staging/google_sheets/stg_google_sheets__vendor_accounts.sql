with source as (

    {{ directory_records('google_sheets', 'vendor_accounts') }}

),

renamed as (

    select
        -- ids
        record_id,
        {{ clean_text(json_text('account')) }} as account_name,
        {{ clean_email(json_text('email')) }} as email,
        -- strings
        lower({{ clean_text(json_text('vendor')) }}) as vendor,
        -- numerics
        {{ json_integer('_row') }} as sheet_row,
        -- dates
        seen_from,
        seen_to,
        {{ json_date('valid_from') }} as valid_from,
        {{ json_date('valid_to') }} as valid_to
    from source

)

select * from renamed
