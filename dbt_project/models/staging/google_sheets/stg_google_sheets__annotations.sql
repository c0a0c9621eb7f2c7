with source as (

    {{ directory_records('google_sheets', 'annotations') }}

),

renamed as (

    select
        -- ids
        record_id,
        -- strings
        {{ clean_text(json_text('text')) }} as annotation,
        lower({{ clean_text(json_text('scope')) }}) as scope,
        -- dates
        seen_from,
        seen_to,
        {{ json_date('date') }} as annotation_date
    from source

)

select * from renamed
