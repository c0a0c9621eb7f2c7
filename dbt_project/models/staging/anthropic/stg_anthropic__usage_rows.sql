-- GRAIN: one row per record of a report, and per member and surface
-- INVARIANT: each token, line, session or search is counted by one report only
with analytics as (

    select * from {{ ref('stg_anthropic__analytics_usages') }}

),

legacy as (

    select * from {{ ref('stg_anthropic__message_usages') }}

),

claude_code as (

    select * from {{ ref('stg_anthropic__claude_code_usages') }}

),

activities as (

    select * from {{ ref('stg_anthropic__user_activities') }}

),

report_days as (

    select * from {{ ref('stg_anthropic__report_days') }}

),

api_keys as (

    select * from {{ ref('stg_anthropic__keys') }}

),

workspaces as (

    select * from {{ ref('stg_anthropic__workspaces') }}

),

products as (

    select * from {{ ref('anthropic_products') }}

),

surfaces as (

    select 'chat' as usage_type

    union all

    select 'cowork' as usage_type

    union all

    select 'office' as usage_type

    union all

    select 'design' as usage_type

    union all

    select 'science' as usage_type

    union all

    select 'claude_tag' as usage_type

    union all

    -- Searches are counted per member, on any surface.
    select 'search' as usage_type

    union all

    select 'session' as usage_type

),

analytics_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            [
                'analytics.usage_date', 'analytics.organization', 'analytics.actor_email',
                'analytics.actor_user_id', 'analytics.service_account_id',
                'analytics.api_key_id', 'analytics.workspace_id', 'analytics.product',
                'analytics.model', 'analytics.uncached_input_tokens',
                'analytics.cache_read_tokens', 'analytics.cache_write_5m_tokens',
                'analytics.cache_write_1h_tokens', 'analytics.output_tokens',
                'analytics.requests',
            ],
            platform_code=anthropic_platform(
                'products.platform_code', 'analytics.organization'
            ),
            usage_type="'model_request'",
            source="'analytics_usage'"
        ) }}
    from analytics
    left join products
        on analytics.product = products.product

),

legacy_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            [
                'legacy.usage_date', 'legacy.organization', 'legacy.actor_user_id',
                'legacy.service_account_id', 'legacy.api_key_id', 'legacy.workspace_id',
                'legacy.model', 'legacy.service_tier', 'legacy.uncached_input_tokens',
                'legacy.cache_read_tokens', 'legacy.cache_write_5m_tokens',
                'legacy.cache_write_1h_tokens', 'legacy.output_tokens',
            ],
            platform_code=anthropic_platform(
                anthropic_workspace_platform('workspaces.workspace_name'),
                'legacy.organization'
            ),
            usage_type="'model_request'",
            source="'usage_report_messages'"
        ) }}
    from legacy
    left join report_days
        on
            legacy.organization = report_days.organization
            and legacy.usage_date = report_days.report_date
    left join workspaces
        on legacy.workspace_id = workspaces.workspace_id
    where not coalesce(report_days.has_analytics_usage, false)

),

-- The report has only the name of a key; a name that two keys share identifies neither.
claude_code_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            [
                'claude_code.usage_date', 'claude_code.organization',
                'claude_code.actor_email', 'api_keys.workspace_id',
                'claude_code.sessions', 'claude_code.suggestions_accepted',
                'claude_code.commits', 'claude_code.pull_requests',
            ],
            platform_code="'claude_code'",
            api_key_id='coalesce(api_keys.api_key_id, claude_code.api_key_name)',
            product="'claude_code'",
            usage_type="'session'",
            source="'usage_report_claude_code'",
            lines_accepted='claude_code.lines_added',
            suggestions_shown=(
                'claude_code.suggestions_accepted + claude_code.suggestions_rejected'
            )
        ) }}
    from claude_code
    left join api_keys
        on
            claude_code.organization = api_keys.organization
            and claude_code.api_key_name = api_keys.api_key_name
            and api_keys.is_name_unique

),

-- A member's row for a day has a column for each surface and measure.
activity_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            [
                'activities.usage_date', 'activities.organization',
                'activities.actor_email', 'activities.actor_user_id',
                'surfaces.usage_type',
            ],
            platform_code="case surfaces.usage_type
                when 'session' then 'claude_code' else 'claude_ai'
            end",
            product="case surfaces.usage_type
                when 'session' then 'claude_code'
                when 'office' then 'office_agent'
                when 'design' then 'claude_design'
                when 'search' then null
                else surfaces.usage_type
            end",
            source="'analytics_users'",
            sessions=by_value('surfaces.usage_type', {
                'chat': 'activities.chat_conversations',
                'cowork': 'activities.cowork_sessions',
                'office': 'activities.office_sessions',
                'design': 'activities.design_sessions',
                'science': 'activities.science_sessions',
                'session': 'activities.claude_code_sessions',
            }),
            messages=by_value('surfaces.usage_type', {
                'chat': 'activities.chat_messages',
                'cowork': 'activities.cowork_messages',
                'office': 'activities.office_messages',
                'design': 'activities.design_messages',
                'science': 'activities.science_messages',
                'claude_tag': 'activities.claude_tag_messages',
            }),
            lines_accepted=by_value('surfaces.usage_type', {
                'session': 'activities.claude_code_lines_added',
            }),
            suggestions_shown=by_value('surfaces.usage_type', {
                'session': (
                    'activities.claude_code_suggestions_accepted'
                    ' + activities.claude_code_suggestions_rejected'
                ),
            }),
            suggestions_accepted=by_value('surfaces.usage_type', {
                'session': 'activities.claude_code_suggestions_accepted',
            }),
            commits=by_value('surfaces.usage_type', {
                'session': 'activities.claude_code_commits',
            }),
            pull_requests=by_value('surfaces.usage_type', {
                'session': 'activities.claude_code_pull_requests',
            }),
            artifacts=by_value('surfaces.usage_type', {
                'chat': 'activities.chat_artifacts',
            }),
            projects=by_value('surfaces.usage_type', {
                'chat': 'activities.chat_projects',
            }),
            files=by_value('surfaces.usage_type', {'chat': 'activities.chat_files'}),
            searches=by_value('surfaces.usage_type', {
                'search': 'activities.web_searches',
            })
        ) }}
    from activities
    cross join surfaces
    left join report_days
        on
            activities.organization = report_days.organization
            and activities.usage_date = report_days.report_date
    -- Claude Code's own report has the same in more detail.
    where
        surfaces.usage_type != 'session'
        or not coalesce(report_days.has_claude_code_report, false)

),

unioned as (

    select * from analytics_rows

    union all

    select * from legacy_rows

    union all

    select * from claude_code_rows

    union all

    select * from activity_rows

)

select * from unioned
