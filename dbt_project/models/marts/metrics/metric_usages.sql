{{ config(materialized='view') }}

-- See metric_costs for the condition on the day.
with usages as (

    select * from {{ ref('fct_usage_daily') }}
    where {{ in_days('usage_date', none) }}

),

described as (

    select
        usage_date,
        platform_code,
        vendor,
        organization,
        user_sk,
        user_email,
        department,
        team,
        cost_center,
        api_key_id,
        workspace_id,
        product,
        model,
        usage_category,
        usage_type,
        attribution_method,
        nullif(user_email, {{ unattributed() }}) as active_user_email,
        {{ total_of(token_columns()[:-1]) }} as input_tokens,
        case
            when cache_read_tokens is not null
                then {{ total_of(token_columns()[:-1]) }}
        end as cache_measured_input_tokens,
        cache_read_tokens,
        output_tokens,
        total_tokens,
        requests,
        lines_suggested,
        lines_accepted,
        suggested_lines_accepted
    from usages

)

select * from described
