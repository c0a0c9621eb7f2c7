-- GRAIN: one row per usage event of a kind that is not in the seed cursor_usage_kinds
with charges as (

    select * from {{ ref('stg_cursor__charges') }}
    where charge_category = 'unknown'

),

unknown as (

    select
        {{ conformed_row(
            'unknown_charges',
            ['organization', 'kind'],
            cost_date='usage_date',
            charged_usd='charge_usd'
        ) }}
    from charges

)

select * from unknown
