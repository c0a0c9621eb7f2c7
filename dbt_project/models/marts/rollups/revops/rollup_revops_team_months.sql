{{ config(materialized='table') }}

-- GRAIN: one row per month, from the first with usage or activity, and team: the
-- subscription that is in force on the month's last day, or on the day of the run
with teams as (

    select * from {{ ref('dim_teams') }}

),

spans as (

    select * from {{ ref('int_revops_team_spans') }}

),

subscriptions as (

    select * from {{ ref('dim_subscriptions') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

used_months as (

    select month from {{ ref('rollup_revops_usages_by_month') }}

    union distinct

    select month from {{ ref('rollup_revops_agent_usage_by_month') }}

),

first_months as (

    select min(month) as first_month from used_months

),

-- In a month without usage there are people of the thirty days before.
months as (

    select month from used_months

    union distinct

    select calendar.month_start_date as month
    from {{ ref('int_days') }} as calendar
    cross join first_months
    where
        calendar.month_start_date >= first_months.first_month
        and calendar.date_day <= {{ as_of_date() }}

),

dated as (

    select
        month,
        case
            when {{ is_complete_month('month') }}
                then last_day(month)
            else {{ as_of_date() }}
        end as as_of_day
    from months

),

joined as (

    select
        dated.month,
        teams.team_id,
        teams.team_name,
        teams.seats,
        coalesce(spans.subscription_id, {{ unattributed() }}) as subscription_id,
        coalesce(spans.account_id, {{ unattributed() }}) as account_id
    from dated
    cross join teams
    left join spans
        on
            teams.team_id = spans.team_id
            and dated.as_of_day >= spans.valid_from
            and dated.as_of_day < spans.valid_to

),

named as (

    select
        joined.month,
        joined.team_id,
        joined.team_name,
        joined.seats,
        joined.subscription_id,
        joined.account_id,
        coalesce(subscriptions.subscription_name, joined.subscription_id)
            as subscription_name,
        coalesce(accounts.account_name, joined.account_id) as account_name
    from joined
    left join subscriptions
        on joined.subscription_id = subscriptions.subscription_id
    left join accounts
        on joined.account_id = accounts.account_id

)

select * from named
