with platforms as (

    select * from {{ ref('dim_platforms') }}

),

renamed as (

    select
        {{ number_of_key('platform_code') }} as platform_sk,
        vendor as platform_code,
        platform_name,
        case
            when platform_code = 'claude_ai' then 'claude_web'
            when platform_code != vendor then platform_code
        end as platform_subtype,
        vendor,
        case category
            when 'engineering_productivity' then 'coding_assistant'
            when 'api_consumption' then 'llm_api'
            when 'knowledge_work' then 'chat_interface'
            else category
        end as category,
        cast(null as {{ dbt.type_string() }}) as primary_use_case,
        case cost_model
            when 'usage' then 'usage_based'
            when 'seats_and_usage' then 'hybrid'
            else cost_model
        end as cost_model,
        measures_tokens as supports_token_tracking,
        measures_sessions as supports_session_tracking,
        measures_lines as supports_productivity_metrics,
        false as supports_real_time_cost,
        cast(null as {{ type_float64() }}) as base_subscription_cost_usd,
        cast(null as {{ type_float64() }}) as overage_rate_per_unit,
        cast(null as {{ dbt.type_string() }}) as unit_type,
        cast(null as {{ dbt.type_string() }}) as billing_cycle,
        cast(null as {{ dbt.type_string() }}) as api_endpoint,
        cast(null as int64) as rate_limit_per_minute,
        cast(null as int64) as max_batch_size,
        cast(null as int64) as data_retention_days,
        cast(null as boolean) as is_active,
        cast(null as date) as contract_start_date,
        cast(null as date) as contract_end_date,
        cast(null as timestamp) as created_timestamp,
        cast(null as timestamp) as updated_timestamp
    from platforms

)

select * from renamed
