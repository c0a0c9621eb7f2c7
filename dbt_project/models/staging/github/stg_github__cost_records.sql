-- GRAIN: one row per billed line of Copilot, of every version, including loads that are
-- not complete
with charges as (

    select * from {{ ref('stg_github__charges') }}
    where is_counted

),

records as (

    select
        {{ conformed_row(
            'cost_records',
            [
                'cost_date', 'organization', 'load_id', 'platform_code',
                'billed_cost_usd',
            ],
            resource="'billing_usage'"
        ) }}
    from charges

)

select * from records
