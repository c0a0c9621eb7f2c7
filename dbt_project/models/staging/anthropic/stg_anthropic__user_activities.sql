{% set actions = 'claude_code_metrics.tool_actions' %}
-- Members with Chat and Cowork unified have their chats and Cowork sessions here; other
-- members, and the days before, have them in chat_metrics and cowork_metrics.
{% set unified = 'chat_cowork_unified_metrics' %}

with source as (

    {{ current_records('anthropic', 'analytics_users') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        organization,
        {{ clean_email(json_text('user.email_address')) }} as actor_email,
        {{ json_text('user.id') }} as actor_user_id,
        -- numerics
        {{ json_count('chat_metrics.distinct_conversation_count') }}
        + {{ json_count(unified ~ '.chat.distinct_conversation_count') }}
            as chat_conversations,
        {{ json_count('chat_metrics.message_count') }}
        + {{ json_count(unified ~ '.chat.message_count') }}
            as chat_messages,
        {{ json_count('chat_metrics.distinct_artifacts_created_count') }}
        + {{ json_count(unified ~ '.chat.distinct_artifacts_created_count') }}
            as chat_artifacts,
        {{ json_count('chat_metrics.distinct_projects_created_count') }}
        + {{ json_count(unified ~ '.chat.distinct_projects_created_count') }}
            as chat_projects,
        {{ json_count('chat_metrics.distinct_files_uploaded_count') }}
        + {{ json_count(unified ~ '.chat.distinct_files_uploaded_count') }}
            as chat_files,
        {{ json_count('cowork_metrics.distinct_session_count') }}
        + {{ json_count(unified ~ '.sessions.distinct_session_count') }}
            as cowork_sessions,
        {{ json_count('cowork_metrics.message_count') }}
        + {{ json_count(unified ~ '.sessions.message_count') }}
            as cowork_messages,
        {{ json_count('office_metrics.excel.distinct_session_count') }}
        + {{ json_count('office_metrics.outlook.distinct_session_count') }}
        + {{ json_count('office_metrics.powerpoint.distinct_session_count') }}
        + {{ json_count('office_metrics.word.distinct_session_count') }}
            as office_sessions,
        {{ json_count('office_metrics.excel.message_count') }}
        + {{ json_count('office_metrics.outlook.message_count') }}
        + {{ json_count('office_metrics.powerpoint.message_count') }}
        + {{ json_count('office_metrics.word.message_count') }} as office_messages,
        {{ json_count('design_metrics.distinct_session_count') }} as design_sessions,
        {{ json_count('design_metrics.message_count') }} as design_messages,
        {{ json_count('science_metrics.distinct_session_count') }} as science_sessions,
        {{ json_count('science_metrics.message_count') }} as science_messages,
        {{ json_integer('claude_tag_metrics.active_message_count') }}
            as claude_tag_messages,
        {{ json_count('web_search_count') }} as web_searches,
        {{ json_count('claude_code_metrics.core_metrics.distinct_session_count') }}
            as claude_code_sessions,
        {{ json_count('claude_code_metrics.core_metrics.lines_of_code.added_count') }}
            as claude_code_lines_added,
        {{ json_count('claude_code_metrics.core_metrics.commit_count') }}
            as claude_code_commits,
        {{ json_count('claude_code_metrics.core_metrics.pull_request_count') }}
            as claude_code_pull_requests,
        {{ json_count(actions ~ '.edit_tool.accepted_count') }}
        + {{ json_count(actions ~ '.multi_edit_tool.accepted_count') }}
        + {{ json_count(actions ~ '.write_tool.accepted_count') }}
        + {{ json_count(actions ~ '.notebook_edit_tool.accepted_count') }}
            as claude_code_suggestions_accepted,
        {{ json_count(actions ~ '.edit_tool.rejected_count') }}
        + {{ json_count(actions ~ '.multi_edit_tool.rejected_count') }}
        + {{ json_count(actions ~ '.write_tool.rejected_count') }}
        + {{ json_count(actions ~ '.notebook_edit_tool.rejected_count') }}
            as claude_code_suggestions_rejected,
        -- dates
        window_start as usage_date
    from source

)

select * from renamed
