{{ config(**replaced_by_month(
    'month', changes='int_changed_days', cluster_by=['team']
)) }}

-- GRAIN: one row per month and team that is large enough to be shown, and one for all
-- other teams
{% set days = days_of_changed_months(ref('int_changed_days')) %}
{% set smallest = var('smallest_group_shown') %}

with timed as (

    select
        *,
        {{ first_day_of('month', 'usage_date') }} as month
    from {{ ref('rollup_usage_hours') }}
    where
        {{ in_days('usage_date', days) }}
        -- What acts by itself has no working hours.
        and user_email != {{ unattributed() }}

),

-- The hours of a platform of few people are not shown there, so no sum here has them:
-- the sum less the other platforms would be theirs.
platforms as (

    select distinct
        month,
        platform_code
    from {{ ref('fct_usage_by_hour') }}
    where
        {{ in_days('month', days) }}
        and requests is not null

),

hours as (

    select timed.*
    from timed
    inner join platforms
        on
            timed.month = platforms.month
            and timed.platform_code = platforms.platform_code

),

team_people as (

    select
        month,
        team,
        count(distinct user_email) as people
    from hours
    group by month, team

),

sized as (

    select
        month,
        team,
        people,
        team is not null and people >= {{ smallest }} as is_large
    from team_people

),

-- Together, too, the other teams may be too few.
rest as (

    select
        hours.month,
        count(distinct hours.user_email) as people
    from hours
    inner join sized
        on
            hours.month = sized.month
            and coalesce(hours.team, '') = coalesce(sized.team, '')
    where not sized.is_large
    group by hours.month

),

ranked as (

    select
        sized.month,
        sized.team,
        sized.is_large,
        coalesce(rest.people, 0) as rest_people,
        row_number() over (
            partition by sized.month, sized.is_large order by sized.people, sized.team
        ) as size_rank
    from sized
    left join rest
        on sized.month = rest.month

),

-- Else what is missing from the company's hours would be theirs: the smallest team that
-- could be shown joins them.
shown as (

    select
        month,
        team,
        is_large
        and not (
            size_rank = 1
            and rest_people > 0
            and rest_people < {{ smallest }}
        ) as is_shown
    from ranked

),

labelled as (

    select
        hours.month,
        hours.user_email,
        hours.requests,
        hours.is_outside_hours,
        case when shown.is_shown then hours.team else 'other teams' end as team
    from hours
    inner join shown
        on
            hours.month = shown.month
            and coalesce(hours.team, '') = coalesce(shown.team, '')

),

counted as (

    select
        month,
        team,
        cast(count(distinct user_email) as int64) as people,
        cast(sum(requests) as int64) as requests,
        cast(
            count(distinct case when is_outside_hours then user_email end) as int64
        ) as people_outside_hours,
        cast(
            sum(case when is_outside_hours then requests else 0 end) as int64
        ) as requests_outside_hours
    from labelled
    group by month, team

)

select * from counted
