with costs as (

    select * from {{ ref('base_parrot__costs') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where source_name = 'parrot'

),

current_costs as (

    select
        {{ conformed_row(
            'cost_rows',
            ['costs.cost_date', 'costs.organization', 'costs.actor_email', 'costs.model'],
            platform_code="'parrot'",
            cost_type="'usage'",
            allocation_method="'reported'",
            source="'costs'",
            list_cost_usd='costs.billed_cost_usd',
            billed_cost_usd='costs.billed_cost_usd',
            effective_cost_usd='costs.billed_cost_usd'
        ) }}
    from costs
    inner join windows
        on
            costs.organization = windows.organization
            and costs.cost_date = windows.window_start
            and costs.load_id = windows.load_id

)

select * from current_costs
