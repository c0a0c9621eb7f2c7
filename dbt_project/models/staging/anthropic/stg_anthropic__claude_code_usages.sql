with source as (

    {{ current_records('anthropic', 'usage_report_claude_code') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ clean_email(json_text('actor.email_address')) }} as actor_email,
        {{ clean_text(json_text('actor.api_key_name')) }} as api_key_name,
        -- strings
        {{ json_text('customer_type') }} as customer_type,
        {{ json_text('subscription_type') }} as subscription_type,
        {{ json_text('terminal_type') }} as terminal_type,
        -- numerics
        {{ json_count('core_metrics.num_sessions') }} as sessions,
        {{ json_count('core_metrics.lines_of_code.added') }} as lines_added,
        {{ json_count('core_metrics.lines_of_code.removed') }} as lines_removed,
        {{ json_count('core_metrics.commits_by_claude_code') }} as commits,
        {{ json_count('core_metrics.pull_requests_by_claude_code') }} as pull_requests,
        {{ json_count('tool_actions.edit_tool.accepted') }}
        + {{ json_count('tool_actions.multi_edit_tool.accepted') }}
        + {{ json_count('tool_actions.write_tool.accepted') }}
        + {{ json_count('tool_actions.notebook_edit_tool.accepted') }}
            as suggestions_accepted,
        {{ json_count('tool_actions.edit_tool.rejected') }}
        + {{ json_count('tool_actions.multi_edit_tool.rejected') }}
        + {{ json_count('tool_actions.write_tool.rejected') }}
        + {{ json_count('tool_actions.notebook_edit_tool.rejected') }}
            as suggestions_rejected,
        -- booleans
        {{ json_boolean('is_remote') }} as is_remote,
        -- dates
        window_start as usage_date
    from source

)

select * from renamed
