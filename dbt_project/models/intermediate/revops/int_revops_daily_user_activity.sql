{{ config(**replaced_by_day(
    'activity_date',
    changes='int_changed_revops_days',
    cluster_by=['team_id', 'user_id']
)) }}

-- GRAIN: one row per day, person, team and type of activity
{% set days = changed_days(ref('int_changed_revops_days')) %}
{% set counts = [
    'requests', 'sessions', 'tab_suggestions', 'tab_accepts', 'lines_accepted',
] %}

with events as (

    select * from {{ ref('stg_product__usage_events') }}
    where {{ in_days('usage_date', days) }}

),

activities as (

    select * from {{ ref('stg_product__daily_activities') }}
    where {{ in_days('activity_date', days) }}

),

-- A session begins with a request that none of its kind came shortly before.
spaced as (

    select
        usage_date,
        user_id,
        team_id,
        usage_type,
        case
            when occurred_at <= {{ minutes_after(
                'lag(occurred_at) over ('
                ~ 'partition by usage_date, user_id, team_id, usage_type '
                ~ 'order by occurred_at, event_id)',
                var('revops_session_gap_minutes')
            ) }}
                then 0
            else 1
        end as begins_session
    from events

),

unioned as (

    select
        usage_date as activity_date,
        user_id,
        team_id,
        usage_type as activity_type,
        1 as requests,
        begins_session as sessions,
        0 as tab_suggestions,
        0 as tab_accepts,
        0 as lines_accepted
    from spaced

    union all

    select
        activity_date,
        user_id,
        team_id,
        'tab' as activity_type,
        0 as requests,
        0 as sessions,
        tab_suggestions,
        tab_accepts,
        lines_accepted
    from activities

),

summed as (

    select
        activity_date,
        user_id,
        team_id,
        activity_type,
    {% for count in counts %}
        cast(sum({{ count }}) as int64) as {{ count }}
        {{- "," if not loop.last }}
    {% endfor %}
    from unioned
    group by activity_date, user_id, team_id, activity_type

)

select * from summed
where
    requests > 0
    or tab_suggestions > 0
    or tab_accepts > 0
    or lines_accepted > 0
