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
        *
    from anthropic

    union all

    select
        'cursor' as source_name,
        *
    from cursor_extractions

    union all

    select
        'google_sheets' as source_name,
        *
    from google_sheets

)

select * from unioned
