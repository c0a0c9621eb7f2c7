with months as (

    select * from {{ ref('vw_executive_dashboard') }}

),

renamed as (

    select
        month,
        {{ to_float('total_monthly_cost') }} as total_monthly_cost,
        {{ to_float('allocated_monthly_cost') }} as allocated_monthly_cost,
        {{ to_float('cost_per_user') }} as cost_per_user,
        {{ to_float('cost_growth_mom') }} as cost_growth_mom,
        {{ to_float('user_growth_mom') }} as user_growth_mom,
        {{ to_float('cursor_cost_share') }} as cursor_cost_share,
        {{ to_float('anthropic_cost_share') }} as anthropic_cost_share,
        total_lines_produced,
        {{ to_float('cost_per_line_produced') }} as cost_per_line_produced,
        {{ to_float('acceptance_rate') }} as avg_acceptance_rate,
        {{ to_float('annual_run_rate') }} as annual_run_rate,
        roi_status
    from months

)

select * from renamed
