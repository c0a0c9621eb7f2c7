-- GRAIN: one row per record of costs with a line item that the seed does not have
with costs as (

    select * from {{ ref('stg_openai__costs') }}

),

unknown as (

    select
        {{ conformed_row(
            'unknown_charges',
            ['cost_date', 'organization'],
            kind="coalesce(line_item, 'no line item')",
            charged_usd='billed_cost_usd'
        ) }}
    from costs
    where
        not is_known
        and cost_type not in ('credit', 'correction')

)

select * from unknown
