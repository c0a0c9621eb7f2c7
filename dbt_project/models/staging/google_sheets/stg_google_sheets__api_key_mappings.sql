with source as (

    {{ directory_records('google_sheets', 'api_key_mappings') }}

),

renamed as (

    select
        -- ids
        record_id,
        {{ clean_text(json_text('api_key_id')) }} as api_key_id,
        {{ clean_email(json_text('email')) }} as email,
        -- strings
        {{ clean_text(json_text('api_key_name')) }} as api_key_name,
        lower({{ clean_text(json_text('platform')) }}) as platform,
        lower({{ clean_text(json_text('purpose')) }}) as purpose,
        lower({{ clean_text(json_text('environment')) }}) as environment,
        {{ clean_text(json_text('cost_center')) }} as cost_center,
        -- numerics
        {{ json_integer('_row') }} as sheet_row,
        {{ json_number('confidence') }} as confidence,
        {{ json_number('share') }} as share_percent,
        -- booleans
        coalesce(
            cast(lower({{ clean_text(json_text('is_active')) }}) as boolean), true
        ) as is_active,
        -- dates
        seen_from,
        seen_to,
        {{ json_date('valid_from') }} as valid_from,
        {{ json_date('valid_to') }} as valid_to
    from source

)

select * from renamed
