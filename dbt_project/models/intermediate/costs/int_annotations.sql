-- GRAIN: one row per annotation, as the tab is now
with sheet as (

    select * from {{ ref('stg_google_sheets__annotations') }}
    where seen_to = {{ end_of_time() }}

),

annotations as (

    select
        annotation_date,
        annotation,
        nullif(scope, 'company') as platform_code
    from sheet

)

select * from annotations
