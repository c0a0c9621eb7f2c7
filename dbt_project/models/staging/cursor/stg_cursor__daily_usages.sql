with source as (

    {{ current_records('cursor', 'daily_usage') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ json_text('payload', 'userId') }} as member_id,
        {{ clean_email(json_text('payload', 'email')) }} as actor_email,
        -- strings
        {{ json_text('payload', 'mostUsedModel') }} as most_used_model,
        -- numerics
        coalesce({{ json_integer('payload', 'totalLinesAdded') }}, 0) as lines_added,
        coalesce({{ json_integer('payload', 'acceptedLinesAdded') }}, 0) as accepted_lines_added,
        coalesce({{ json_integer('payload', 'totalApplies') }}, 0) as applies,
        coalesce({{ json_integer('payload', 'totalAccepts') }}, 0) as accepts,
        coalesce({{ json_integer('payload', 'totalRejects') }}, 0) as rejects,
        coalesce({{ json_integer('payload', 'totalTabsShown') }}, 0) as tabs_shown,
        coalesce({{ json_integer('payload', 'totalTabsAccepted') }}, 0) as tabs_accepted,
        coalesce({{ json_integer('payload', 'composerRequests') }}, 0) as composer_requests,
        coalesce({{ json_integer('payload', 'chatRequests') }}, 0) as chat_requests,
        coalesce({{ json_integer('payload', 'agentRequests') }}, 0) as agent_requests,
        coalesce({{ json_integer('payload', 'cmdkUsages') }}, 0) as cmd_k_usages,
        coalesce({{ json_integer('payload', 'bugbotUsages') }}, 0) as bugbot_usages,
        -- booleans
        cast({{ json_text('payload', 'isActive') }} as boolean) as is_active,
        -- dates
        window_start as usage_date
    from source

)

select * from renamed
