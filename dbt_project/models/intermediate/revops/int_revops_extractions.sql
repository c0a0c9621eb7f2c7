with extractions as (

    {% for source_name in ['salesforce', 'product'] %}
        select
            '{{ source_name }}' as source_name,
            extraction_id,
            resource,
            organization,
            rejected,
            window_start,
            loaded_at
        from {{ ref('stg_' ~ source_name ~ '__extractions') }}
        {{ "union all" if not loop.last }}
    {% endfor %}

)

select * from extractions
