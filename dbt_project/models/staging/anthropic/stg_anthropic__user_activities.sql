with source as (

    {{ current_records('anthropic', 'analytics_users') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ clean_email(json_text('payload', 'user.email_address')) }} as actor_email,
        {{ json_text('payload', 'user.id') }} as actor_user_id,
        -- numerics
        coalesce({{ json_integer('payload', 'chat_metrics.distinct_conversation_count') }}, 0) as chat_conversations,
        coalesce({{ json_integer('payload', 'chat_metrics.message_count') }}, 0) as chat_messages,
        coalesce({{ json_integer('payload', 'chat_metrics.distinct_artifacts_created_count') }}, 0) as chat_artifacts,
        coalesce({{ json_integer('payload', 'chat_metrics.distinct_projects_created_count') }}, 0) as chat_projects,
        coalesce({{ json_integer('payload', 'chat_metrics.distinct_files_uploaded_count') }}, 0) as chat_files,
        coalesce({{ json_integer('payload', 'cowork_metrics.distinct_session_count') }}, 0) as cowork_sessions,
        coalesce({{ json_integer('payload', 'cowork_metrics.message_count') }}, 0) as cowork_messages,
        coalesce({{ json_integer('payload', 'office_metrics.excel.distinct_session_count') }}, 0) + coalesce({{ json_integer('payload', 'office_metrics.outlook.distinct_session_count') }}, 0) + coalesce({{ json_integer('payload', 'office_metrics.powerpoint.distinct_session_count') }}, 0) + coalesce({{ json_integer('payload', 'office_metrics.word.distinct_session_count') }}, 0) as office_sessions,
        coalesce({{ json_integer('payload', 'office_metrics.excel.message_count') }}, 0) + coalesce({{ json_integer('payload', 'office_metrics.outlook.message_count') }}, 0) + coalesce({{ json_integer('payload', 'office_metrics.powerpoint.message_count') }}, 0) + coalesce({{ json_integer('payload', 'office_metrics.word.message_count') }}, 0) as office_messages,
        coalesce({{ json_integer('payload', 'design_metrics.distinct_session_count') }}, 0) as design_sessions,
        coalesce({{ json_integer('payload', 'design_metrics.message_count') }}, 0) as design_messages,
        coalesce({{ json_integer('payload', 'science_metrics.distinct_session_count') }}, 0) as science_sessions,
        coalesce({{ json_integer('payload', 'science_metrics.message_count') }}, 0) as science_messages,
        coalesce({{ json_integer('payload', 'web_search_count') }}, 0) as web_searches,
        coalesce({{ json_integer('payload', 'claude_code_metrics.core_metrics.distinct_session_count') }}, 0) as claude_code_sessions,
        coalesce({{ json_integer('payload', 'claude_code_metrics.core_metrics.lines_of_code.added_count') }}, 0) as claude_code_lines_added,
        coalesce({{ json_integer('payload', 'claude_code_metrics.core_metrics.commit_count') }}, 0) as claude_code_commits,
        coalesce({{ json_integer('payload', 'claude_code_metrics.core_metrics.pull_request_count') }}, 0) as claude_code_pull_requests,
        coalesce({{ json_integer('payload', 'claude_code_metrics.tool_actions.edit_tool.accepted_count') }}, 0) + coalesce({{ json_integer('payload', 'claude_code_metrics.tool_actions.multi_edit_tool.accepted_count') }}, 0) + coalesce({{ json_integer('payload', 'claude_code_metrics.tool_actions.write_tool.accepted_count') }}, 0) + coalesce({{ json_integer('payload', 'claude_code_metrics.tool_actions.notebook_edit_tool.accepted_count') }}, 0) as claude_code_suggestions_accepted,
        coalesce({{ json_integer('payload', 'claude_code_metrics.tool_actions.edit_tool.rejected_count') }}, 0) + coalesce({{ json_integer('payload', 'claude_code_metrics.tool_actions.multi_edit_tool.rejected_count') }}, 0) + coalesce({{ json_integer('payload', 'claude_code_metrics.tool_actions.write_tool.rejected_count') }}, 0) + coalesce({{ json_integer('payload', 'claude_code_metrics.tool_actions.notebook_edit_tool.rejected_count') }}, 0) as claude_code_suggestions_rejected,
        -- dates
        window_start as usage_date
    from source

)

select * from renamed
