with anthropic as (

    select * from {{ ref('stg_anthropic__extractions') }}

),

cursor_extractions as (

    select * from {{ ref('stg_cursor__extractions') }}

),

google_sheets as (

    select * from {{ ref('stg_google_sheets__extractions') }}

),

unioned as (

    select
        'anthropic' as source_name,
        extraction_id,
        resource,
        organization,
        records,
        rejected,
        is_changed,
        window_start,
        loaded_at
    from anthropic

    union all

    select
        'cursor' as source_name,
        extraction_id,
        resource,
        organization,
        records,
        rejected,
        is_changed,
        window_start,
        loaded_at
    from cursor_extractions

    union all

    select
        'google_sheets' as source_name,
        extraction_id,
        resource,
        organization,
        records,
        rejected,
        is_changed,
        window_start,
        loaded_at
    from google_sheets

)

select * from unioned
