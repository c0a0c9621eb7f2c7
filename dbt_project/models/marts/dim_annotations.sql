-- GRAIN: one row per annotation
with annotations as (

    select * from {{ ref('int_annotations') }}

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

named as (

    select
        annotations.annotation_date,
        annotations.annotation,
        annotations.platform_code,
        platforms.platform_name
    from annotations
    left join platforms
        on annotations.platform_code = platforms.platform_code

)

select * from named
