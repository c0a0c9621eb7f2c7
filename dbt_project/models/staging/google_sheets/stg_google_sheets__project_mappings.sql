with source as (

    {{ directory_records('google_sheets', 'project_mappings') }}

),

renamed as (

    select
        -- ids
        record_id,
        {{ clean_text(json_text('project')) }} as project_id,
        {{ clean_email(json_text('email')) }} as email,
        -- strings
        lower({{ clean_text(json_text('vendor')) }}) as vendor,
        {{ clean_text(json_text('cost_center')) }} as cost_center,
        lower({{ clean_text(json_text('purpose')) }}) as purpose,
        -- numerics
        {{ json_integer('_row') }} as sheet_row,
        {{ json_number('confidence') }} as confidence,
        {{ json_number('share') }} as share_percent,
        -- dates
        seen_from,
        seen_to,
        {{ json_date('valid_from') }} as valid_from,
        {{ json_date('valid_to') }} as valid_to
    from source

)

select * from renamed
