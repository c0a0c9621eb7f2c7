{{ config(**replaced_by_day(
    'usage_date', changes='stg_cursor__changed_days', cluster_by=['actor_email']
)) }}

-- GRAIN: one row per day before members were first listed, and person who used Cursor
{% set days = changed_days(ref('stg_cursor__changed_days')) %}

with events as (

    select * from {{ ref('stg_cursor__usage_events') }}
    where {{ in_days('usage_date', days) }}

),

daily_usages as (

    select * from {{ ref('stg_cursor__daily_usages') }}
    where {{ in_days('usage_date', days) }}

),

first_list as (

    select min(window_start) as snapshot_date
    from {{ ref('stg_windows') }}
    where
        source_name = 'cursor'
        and resource = 'members'

),

uses as (

    select
        usage_date,
        actor_email
    from events

    union distinct

    select
        usage_date,
        actor_email
    from daily_usages
    where is_active

),

early as (

    select
        uses.usage_date,
        uses.actor_email
    from uses
    inner join first_list
        on uses.usage_date < first_list.snapshot_date
    where uses.actor_email is not null

)

select * from early
