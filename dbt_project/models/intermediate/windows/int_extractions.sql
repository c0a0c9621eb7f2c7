with extractions as (

    select
        source_name,
        extraction_id,
        resource,
        organization,
        records,
        rejected,
        is_changed,
        window_start,
        loaded_at
    from {{ ref('stg_extractions') }}

)

select * from extractions
