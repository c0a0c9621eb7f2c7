-- GRAIN: one row per usage event
with charges as (

    select * from {{ ref('stg_cursor__charges') }}

),

cost_rows as (

    select
        {{ conformed_row(
            'cost_rows',
            [
                'organization', 'actor_email', 'service_account_id', 'model',
                'list_cost_usd', 'billed_cost_usd',
            ],
            cost_date='usage_date',
            platform_code="'cursor'",
            product='charge_category',
            cost_type=(
                'coalesce(' ~ adjustment_type('kind', 'billed_cost_usd') ~ ','
                " case charge_category when 'on_demand' then 'overage' else 'usage' end)"
            ),
            token_type=(
                'case when ' ~ adjustment_type('kind', 'billed_cost_usd')
                ~ ' is not null then kind end'
            ),
            allocation_method=(
                "case when is_charge_computed then 'computed' else 'reported' end"
            ),
            source="'usage_events'",
            effective_cost_usd='billed_cost_usd'
        ) }}
    from charges

)

select * from cost_rows
