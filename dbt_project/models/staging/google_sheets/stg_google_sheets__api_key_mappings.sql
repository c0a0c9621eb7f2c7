with source as (

    {{ current_records('google_sheets', 'api_key_mappings') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        {{ clean_text(json_text('payload', 'api_key_id')) }} as api_key_id,
        {{ clean_email(json_text('payload', 'email')) }} as email,
        -- strings
        {{ clean_text(json_text('payload', 'api_key_name')) }} as api_key_name,
        lower({{ clean_text(json_text('payload', 'platform')) }}) as platform,
        lower({{ clean_text(json_text('payload', 'purpose')) }}) as purpose,
        {{ clean_text(json_text('payload', 'environment')) }} as environment,
        {{ clean_text(json_text('payload', 'cost_center')) }} as cost_center,
        -- numerics
        {{ json_integer('payload', '_row') }} as sheet_row,
        cast({{ clean_text(json_text('payload', 'confidence')) }} as numeric) as confidence,
        -- booleans
        coalesce(cast(lower({{ clean_text(json_text('payload', 'is_active')) }}) as boolean), true) as is_active,
        -- dates
        window_start as snapshot_date,
        cast({{ clean_text(json_text('payload', 'valid_from')) }} as date) as valid_from,
        cast({{ clean_text(json_text('payload', 'valid_to')) }} as date) as valid_to
    from source

)

select * from renamed
