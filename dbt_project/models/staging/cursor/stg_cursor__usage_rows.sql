-- GRAIN: one row per usage event, and per member, day and mode
with events as (

    select * from {{ ref('stg_cursor__usage_events') }}

),

daily_usages as (

    select * from {{ ref('stg_cursor__daily_usages') }}

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

-- Cursor does not say how long it caches, so its cache writes count as 5-minute ones.
event_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            [
                'usage_date', 'organization', 'actor_email', 'service_account_id', 'model',
                'uncached_input_tokens', 'cache_read_tokens', 'output_tokens',
            ],
            platform_code="'cursor'",
            usage_type="'model_request'",
            source="'usage_events'",
            requests='1',
            cache_write_5m_tokens='cache_write_tokens',
            cache_write_1h_tokens='0'
        ) }}
    from events

),

-- The requests of each mode are among the events above, so they are counted apart.
mode_rows as (

    select
        {{ conformed_row(
            'usage_rows',
            [
                'daily_usages.usage_date', 'daily_usages.organization',
                'daily_usages.actor_email', 'modes.usage_type',
            ],
            platform_code="'cursor'",
            source="'daily_usage'",
            mode_requests=by_value('modes.usage_type', {
                'composer': 'daily_usages.composer_requests',
                'chat': 'daily_usages.chat_requests',
                'agent': 'daily_usages.agent_requests',
                'cmd_k': 'daily_usages.cmd_k_usages',
                'bugbot': 'daily_usages.bugbot_usages',
            }),
            lines_suggested=by_value('modes.usage_type', {
                'edit': 'daily_usages.lines_added',
            }),
            lines_accepted=by_value('modes.usage_type', {
                'edit': 'daily_usages.accepted_lines_added',
            }),
            suggestions_shown=by_value('modes.usage_type', {
                'tab': 'daily_usages.tabs_shown',
                'edit': 'daily_usages.applies',
            }),
            suggestions_accepted=by_value('modes.usage_type', {
                'tab': 'daily_usages.tabs_accepted',
                'edit': 'daily_usages.accepts',
            })
        ) }}
    from daily_usages
    cross join modes

),

unioned as (

    select * from event_rows

    union all

    select * from mode_rows

)

select * from unioned
