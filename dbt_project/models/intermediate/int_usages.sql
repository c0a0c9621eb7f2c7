{{ config(**replaced_by_day(
    'usage_date', changes='int_changed_windows', cluster_by=['platform_code', 'organization']
)) }}

-- GRAIN: one row per day, organization, platform, identity, workspace, product, model,
-- service tier, usage type and source
-- INVARIANT: a token, line, session or search is counted by one source only
{% set days = changed_days(ref('int_changed_windows')) %}
{% set measures = [
    'sessions', 'requests', 'uncached_input_tokens', 'cache_read_tokens',
    'cache_write_5m_tokens', 'cache_write_1h_tokens', 'output_tokens', 'messages',
    'lines_suggested', 'lines_accepted', 'suggestions_shown', 'suggestions_accepted',
    'commits', 'pull_requests', 'artifacts', 'projects', 'files', 'searches',
] %}

with analytics as (

    select * from {{ ref('stg_anthropic__analytics_usages') }}
    where {{ in_days('usage_date', days) }}

),

legacy as (

    select * from {{ ref('stg_anthropic__message_usages') }}
    where {{ in_days('usage_date', days) }}

),

claude_code as (

    select * from {{ ref('stg_anthropic__claude_code_usages') }}
    where {{ in_days('usage_date', days) }}

),

activities as (

    select * from {{ ref('stg_anthropic__user_activities') }}
    where {{ in_days('usage_date', days) }}

),

events as (

    select * from {{ ref('stg_cursor__usage_events') }}
    where {{ in_days('usage_date', days) }}

),

daily_usages as (

    select * from {{ ref('stg_cursor__daily_usages') }}
    where {{ in_days('usage_date', days) }}

),

anthropic_sources as (

    select * from {{ ref('int_anthropic_sources') }}

),

api_keys as (

    select * from {{ ref('int_api_keys') }}

),

workspaces as (

    select * from {{ ref('int_workspaces') }}

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

    -- Searches are counted per member, whatever the surface.
    select 'search' as usage_type

    union all

    select 'session' as usage_type

),

modes as (

    select 'tab' as usage_type

    union all

    select 'edit' as usage_type

    union all

    select 'composer' as usage_type

    union all

    select 'chat' as usage_type

    union all

    select 'agent' as usage_type

    union all

    select 'cmd_k' as usage_type

    union all

    select 'bugbot' as usage_type

),

analytics_usages as (

    select
        analytics.usage_date,
        analytics.organization,
        'anthropic' as vendor,
        {{ anthropic_platform('products.platform_code', 'analytics.organization') }}
            as platform_code,
        analytics.actor_email,
        analytics.actor_user_id,
        analytics.service_account_id,
        analytics.api_key_id,
        analytics.workspace_id,
        analytics.product,
        analytics.model,
        cast(null as {{ dbt.type_string() }}) as service_tier,
        'model_request' as usage_type,
        'analytics_usage' as source,
        0 as sessions,
        coalesce(analytics.requests, 0) as requests,
        analytics.uncached_input_tokens,
        analytics.cache_read_tokens,
        analytics.cache_write_5m_tokens,
        analytics.cache_write_1h_tokens,
        analytics.output_tokens,
        0 as messages,
        0 as lines_suggested,
        0 as lines_accepted,
        0 as suggestions_shown,
        0 as suggestions_accepted,
        0 as commits,
        0 as pull_requests,
        0 as artifacts,
        0 as projects,
        0 as files,
        0 as searches
    from analytics
    left join products
        on analytics.product = products.product

),

legacy_usages as (

    select
        legacy.usage_date,
        legacy.organization,
        'anthropic' as vendor,
        {{ anthropic_platform(
            "case when workspaces.workspace_name = 'Claude Code' then 'claude_code' end",
            'legacy.organization'
        ) }} as platform_code,
        cast(null as {{ dbt.type_string() }}) as actor_email,
        legacy.actor_user_id,
        legacy.service_account_id,
        legacy.api_key_id,
        legacy.workspace_id,
        cast(null as {{ dbt.type_string() }}) as product,
        legacy.model,
        legacy.service_tier,
        'model_request' as usage_type,
        'usage_report_messages' as source,
        0 as sessions,
        0 as requests,
        legacy.uncached_input_tokens,
        legacy.cache_read_tokens,
        legacy.cache_write_5m_tokens,
        legacy.cache_write_1h_tokens,
        legacy.output_tokens,
        0 as messages,
        0 as lines_suggested,
        0 as lines_accepted,
        0 as suggestions_shown,
        0 as suggestions_accepted,
        0 as commits,
        0 as pull_requests,
        0 as artifacts,
        0 as projects,
        0 as files,
        0 as searches
    from legacy
    left join anthropic_sources
        on
            legacy.organization = anthropic_sources.organization
            and legacy.usage_date = anthropic_sources.report_date
    left join workspaces
        on legacy.workspace_id = workspaces.workspace_id
    where not coalesce(anthropic_sources.has_analytics_usage, false)

),

-- The report names a key by its name; names that two keys share name nobody.
claude_code_usages as (

    select
        claude_code.usage_date,
        claude_code.organization,
        'anthropic' as vendor,
        'claude_code' as platform_code,
        claude_code.actor_email,
        cast(null as {{ dbt.type_string() }}) as actor_user_id,
        cast(null as {{ dbt.type_string() }}) as service_account_id,
        coalesce(api_keys.api_key_id, claude_code.api_key_name) as api_key_id,
        api_keys.workspace_id,
        'claude_code' as product,
        cast(null as {{ dbt.type_string() }}) as model,
        cast(null as {{ dbt.type_string() }}) as service_tier,
        'session' as usage_type,
        'usage_report_claude_code' as source,
        claude_code.sessions,
        0 as requests,
        0 as uncached_input_tokens,
        0 as cache_read_tokens,
        0 as cache_write_5m_tokens,
        0 as cache_write_1h_tokens,
        0 as output_tokens,
        0 as messages,
        claude_code.lines_added as lines_suggested,
        claude_code.lines_added as lines_accepted,
        claude_code.suggestions_accepted
        + claude_code.suggestions_rejected as suggestions_shown,
        claude_code.suggestions_accepted,
        claude_code.commits,
        claude_code.pull_requests,
        0 as artifacts,
        0 as projects,
        0 as files,
        0 as searches
    from claude_code
    left join api_keys
        on
            claude_code.organization = api_keys.organization
            and claude_code.api_key_name = api_keys.api_key_name
            and api_keys.is_name_unique

),

activity_usages as (

    select
        activities.usage_date,
        activities.organization,
        'anthropic' as vendor,
        case surfaces.usage_type
            when 'session' then 'claude_code'
            else 'claude_ai'
        end as platform_code,
        activities.actor_email,
        activities.actor_user_id,
        cast(null as {{ dbt.type_string() }}) as service_account_id,
        cast(null as {{ dbt.type_string() }}) as api_key_id,
        cast(null as {{ dbt.type_string() }}) as workspace_id,
        case surfaces.usage_type
            when 'session' then 'claude_code'
            when 'office' then 'office_agent'
            when 'design' then 'claude_design'
            when 'search' then null
            else surfaces.usage_type
        end as product,
        cast(null as {{ dbt.type_string() }}) as model,
        cast(null as {{ dbt.type_string() }}) as service_tier,
        surfaces.usage_type,
        'analytics_users' as source,
        case surfaces.usage_type
            when 'chat' then activities.chat_conversations
            when 'cowork' then activities.cowork_sessions
            when 'office' then activities.office_sessions
            when 'design' then activities.design_sessions
            when 'science' then activities.science_sessions
            when 'session' then activities.claude_code_sessions
            else 0
        end as sessions,
        0 as requests,
        0 as uncached_input_tokens,
        0 as cache_read_tokens,
        0 as cache_write_5m_tokens,
        0 as cache_write_1h_tokens,
        0 as output_tokens,
        case surfaces.usage_type
            when 'chat' then activities.chat_messages
            when 'cowork' then activities.cowork_messages
            when 'office' then activities.office_messages
            when 'design' then activities.design_messages
            when 'science' then activities.science_messages
            else 0
        end as messages,
        case surfaces.usage_type
            when 'session' then activities.claude_code_lines_added else 0
        end as lines_suggested,
        case surfaces.usage_type
            when 'session' then activities.claude_code_lines_added else 0
        end as lines_accepted,
        case surfaces.usage_type
            when 'session'
                then
                    activities.claude_code_suggestions_accepted
                    + activities.claude_code_suggestions_rejected
            else 0
        end as suggestions_shown,
        case surfaces.usage_type
            when 'session' then activities.claude_code_suggestions_accepted else 0
        end as suggestions_accepted,
        case surfaces.usage_type
            when 'session' then activities.claude_code_commits else 0
        end as commits,
        case surfaces.usage_type
            when 'session' then activities.claude_code_pull_requests else 0
        end as pull_requests,
        case surfaces.usage_type
            when 'chat' then activities.chat_artifacts else 0
        end as artifacts,
        case surfaces.usage_type
            when 'chat' then activities.chat_projects else 0
        end as projects,
        case surfaces.usage_type
            when 'chat' then activities.chat_files else 0
        end as files,
        -- The usage reports count the same searches again.
        case surfaces.usage_type
            when 'search' then activities.web_searches else 0
        end as searches
    from activities
    cross join surfaces
    left join anthropic_sources
        on
            activities.organization = anthropic_sources.organization
            and activities.usage_date = anthropic_sources.report_date
    -- Claude Code's own report says the same in more detail.
    where
        surfaces.usage_type != 'session'
        or not coalesce(anthropic_sources.has_claude_code_report, false)

),

-- Cursor does not say for how long it caches: its cache writes count as 5-minute ones.
event_usages as (

    select
        usage_date,
        organization,
        'cursor' as vendor,
        'cursor' as platform_code,
        actor_email,
        cast(null as {{ dbt.type_string() }}) as actor_user_id,
        service_account_id,
        cast(null as {{ dbt.type_string() }}) as api_key_id,
        cast(null as {{ dbt.type_string() }}) as workspace_id,
        cast(null as {{ dbt.type_string() }}) as product,
        model,
        cast(null as {{ dbt.type_string() }}) as service_tier,
        'model_request' as usage_type,
        'usage_events' as source,
        0 as sessions,
        1 as requests,
        uncached_input_tokens,
        cache_read_tokens,
        cache_write_tokens as cache_write_5m_tokens,
        0 as cache_write_1h_tokens,
        output_tokens,
        0 as messages,
        0 as lines_suggested,
        0 as lines_accepted,
        0 as suggestions_shown,
        0 as suggestions_accepted,
        0 as commits,
        0 as pull_requests,
        0 as artifacts,
        0 as projects,
        0 as files,
        0 as searches
    from events

),

-- The requests of each mode are among the events above, so here they count as messages.
mode_usages as (

    select
        daily_usages.usage_date,
        daily_usages.organization,
        'cursor' as vendor,
        'cursor' as platform_code,
        daily_usages.actor_email,
        cast(null as {{ dbt.type_string() }}) as actor_user_id,
        cast(null as {{ dbt.type_string() }}) as service_account_id,
        cast(null as {{ dbt.type_string() }}) as api_key_id,
        cast(null as {{ dbt.type_string() }}) as workspace_id,
        cast(null as {{ dbt.type_string() }}) as product,
        cast(null as {{ dbt.type_string() }}) as model,
        cast(null as {{ dbt.type_string() }}) as service_tier,
        modes.usage_type,
        'daily_usage' as source,
        0 as sessions,
        0 as requests,
        0 as uncached_input_tokens,
        0 as cache_read_tokens,
        0 as cache_write_5m_tokens,
        0 as cache_write_1h_tokens,
        0 as output_tokens,
        case modes.usage_type
            when 'composer' then daily_usages.composer_requests
            when 'chat' then daily_usages.chat_requests
            when 'agent' then daily_usages.agent_requests
            when 'cmd_k' then daily_usages.cmd_k_usages
            when 'bugbot' then daily_usages.bugbot_usages
            else 0
        end as messages,
        case modes.usage_type
            when 'edit' then daily_usages.lines_added else 0
        end as lines_suggested,
        case modes.usage_type
            when 'edit' then daily_usages.accepted_lines_added else 0
        end as lines_accepted,
        case modes.usage_type
            when 'tab' then daily_usages.tabs_shown
            when 'edit' then daily_usages.applies
            else 0
        end as suggestions_shown,
        case modes.usage_type
            when 'tab' then daily_usages.tabs_accepted
            when 'edit' then daily_usages.accepts
            else 0
        end as suggestions_accepted,
        0 as commits,
        0 as pull_requests,
        0 as artifacts,
        0 as projects,
        0 as files,
        0 as searches
    from daily_usages
    cross join modes

),

unioned as (

    select * from analytics_usages

    union all

    select * from legacy_usages

    union all

    select * from claude_code_usages

    union all

    select * from activity_usages

    union all

    select * from event_usages

    union all

    select * from mode_usages

),

summed as (

    select
        usage_date,
        organization,
        vendor,
        platform_code,
        {{ identity_key() }} as identity_key,
        actor_email,
        actor_user_id,
        service_account_id,
        api_key_id,
        workspace_id,
        product,
        model,
        service_tier,
        usage_type,
        source,
    {% for measure in measures -%}
        cast(sum({{ measure }}) as int64) as {{ measure }}
        {{- "," if not loop.last }}
    {% endfor %}
    from unioned
    group by
        usage_date,
        organization,
        vendor,
        platform_code,
        actor_email,
        actor_user_id,
        service_account_id,
        api_key_id,
        workspace_id,
        product,
        model,
        service_tier,
        usage_type,
        source

),

-- Inactive members come as rows of zeros.
active as (

    select * from summed
    where
        {% for measure in measures -%}
            {{ "or " if not loop.first }}{{ measure }} != 0
        {% endfor %}

)

select * from active
