with source as (

    {{ current_records('anthropic', 'usage_report_claude_code') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ clean_email(json_text('payload', 'actor.email_address')) }} as actor_email,
        {{ clean_text(json_text('payload', 'actor.api_key_name')) }} as api_key_name,
        -- strings
        {{ json_text('payload', 'customer_type') }} as customer_type,
        {{ json_text('payload', 'subscription_type') }} as subscription_type,
        {{ json_text('payload', 'terminal_type') }} as terminal_type,
        -- numerics
        coalesce({{ json_integer('payload', 'core_metrics.num_sessions') }}, 0) as sessions,
        coalesce({{ json_integer('payload', 'core_metrics.lines_of_code.added') }}, 0) as lines_added,
        coalesce({{ json_integer('payload', 'core_metrics.lines_of_code.removed') }}, 0) as lines_removed,
        coalesce({{ json_integer('payload', 'core_metrics.commits_by_claude_code') }}, 0) as commits,
        coalesce({{ json_integer('payload', 'core_metrics.pull_requests_by_claude_code') }}, 0) as pull_requests,
        coalesce({{ json_integer('payload', 'tool_actions.edit_tool.accepted') }}, 0) + coalesce({{ json_integer('payload', 'tool_actions.multi_edit_tool.accepted') }}, 0) + coalesce({{ json_integer('payload', 'tool_actions.write_tool.accepted') }}, 0) + coalesce({{ json_integer('payload', 'tool_actions.notebook_edit_tool.accepted') }}, 0) as suggestions_accepted,
        coalesce({{ json_integer('payload', 'tool_actions.edit_tool.rejected') }}, 0) + coalesce({{ json_integer('payload', 'tool_actions.multi_edit_tool.rejected') }}, 0) + coalesce({{ json_integer('payload', 'tool_actions.write_tool.rejected') }}, 0) + coalesce({{ json_integer('payload', 'tool_actions.notebook_edit_tool.rejected') }}, 0) as suggestions_rejected,
        -- booleans
        cast({{ json_text('payload', 'is_remote') }} as boolean) as is_remote,
        -- dates
        window_start as usage_date
    from source

)

select * from renamed
