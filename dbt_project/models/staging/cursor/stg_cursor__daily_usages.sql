with source as (

    {{ current_records('cursor', 'daily_usage') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('userId') }} as member_id,
        {{ clean_email(json_text('email')) }} as actor_email,
        -- strings
        {{ json_text('mostUsedModel') }} as most_used_model,
        -- numerics
        {{ json_count('totalLinesAdded') }} as lines_added,
        {{ json_count('acceptedLinesAdded') }} as accepted_lines_added,
        {{ json_count('totalApplies') }} as applies,
        {{ json_count('totalAccepts') }} as accepts,
        {{ json_count('totalRejects') }} as rejects,
        {{ json_count('totalTabsShown') }} as tabs_shown,
        {{ json_count('totalTabsAccepted') }} as tabs_accepted,
        {{ json_count('composerRequests') }} as composer_requests,
        {{ json_count('chatRequests') }} as chat_requests,
        {{ json_count('agentRequests') }} as agent_requests,
        {{ json_count('cmdkUsages') }} as cmd_k_usages,
        {{ json_count('bugbotUsages') }} as bugbot_usages,
        -- booleans
        {{ json_boolean('isActive') }} as is_active,
        -- dates
        window_start as usage_date
    from source

)

select * from renamed
