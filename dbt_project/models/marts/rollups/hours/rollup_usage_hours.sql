{{ config(**replaced_by_day(
    'usage_date', changes='int_changed_days', cluster_by=['platform_code', 'user_email']
)) }}

-- GRAIN: one row per day (UTC), platform, person, team on the day, and weekday and hour
-- on the company's clock
-- Private: who works when is for no dashboard. The marts over it show groups of people.
{% set days = changed_days(ref('int_changed_days')) %}

with hours as (

    select * from {{ ref('int_usage_hours') }}
    where {{ in_days('usage_date', days) }}

),

attributions as (

    select * from {{ ref('bridge_attributions') }}
    where {{ in_days('activity_date', days) }}

),

attributed as (

    select
        hours.usage_date,
        hours.platform_code,
        attributions.user_email,
        attributions.team,
        {{ iso_weekday('hours.local_date') }} as iso_weekday,
        hours.local_hour,
        {{ part_of_count('hours.requests', 'attributions') }} as requests
    from hours
    inner join attributions
        on
            hours.usage_date = attributions.activity_date
            and hours.identity_key = attributions.identity_key

),

summed as (

    select
        usage_date,
        platform_code,
        user_email,
        team,
        iso_weekday,
        local_hour,
        iso_weekday > 5
        or local_hour < {{ var('working_hours_from') }}
        or local_hour >= {{ var('working_hours_to') }} as is_outside_hours,
        cast(sum(requests) as int64) as requests
    from attributed
    group by usage_date, platform_code, user_email, team, iso_weekday, local_hour

)

select * from summed
