-- GRAIN: one row per record of a report of costs, of every version, including loads
-- that are not complete
with costs as (

    select * from {{ ref('base_openai__costs') }}

),

records as (

    select
        {{ conformed_row(
            'cost_records',
            [
                'cost_date', 'organization', 'resource', 'load_id', 'billed_cost_usd',
            ],
            platform_code="'openai_api'",
            superseded_by="case resource when 'costs' then 'costs_by_identity' end"
        ) }}
    from costs

)

select * from records
