-- GRAIN: one row per customer (a team, a subscription) and reason why its dashboard
-- would be empty or partial
with teams as (

    select * from {{ ref('dim_teams') }}

),

subscriptions as (

    select * from {{ ref('dim_subscriptions') }}
    where subscription_id != {{ unattributed() }}

),

links as (

    select * from {{ ref('bridge_team_subscriptions') }}

),

daily_usages as (

    select * from {{ ref('rollup_revops_subscription_usages') }}

),

usages as (

    select * from {{ ref('rollup_revops_usages_by_month') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

spends as (

    select
        team_id,
        sum(total_cost_usd) as total_cost_usd
    from usages
    group by team_id

),

teams_without_subscription as (

    select
        'team' as subject_type,
        team_id as subject_id,
        team_name as subject_name,
        account_id,
        'team_without_subscription' as gap,
        'empty' as effect,
        'No subscription leads to this team: it is in no dashboard by subscription.'
            as explanation
    from teams
    where subscription_id = {{ unattributed() }}

),

teams_outside_directory as (

    select
        'team' as subject_type,
        team_id as subject_id,
        team_name as subject_name,
        account_id,
        'team_not_in_directory' as gap,
        'partial' as effect,
        'The team has usage or members and is gone from the product: no name, no seats.'
            as explanation
    from teams
    where
        not is_in_directory
        and team_id != {{ unattributed() }}

),

conflicting_teams as (

    select
        'team' as subject_type,
        team_id as subject_id,
        team_name as subject_name,
        account_id,
        'conflicting_subscriptions' as gap,
        'partial' as effect,
        concat(
            'Several subscriptions claim this team; the one by ',
            replace(link_source, '_', ' '),
            ' is in force.'
        ) as explanation
    from teams
    where has_link_conflict

),

broken_links as (

    select distinct
        'team' as subject_type,
        links.team_id as subject_id,
        coalesce(teams.team_name, links.team_id) as subject_name,
        coalesce(teams.account_id, {{ unattributed() }}) as account_id,
        concat(links.link_source, '_leads_to_', links.gap) as gap,
        'partial' as effect,
        concat(
            'The link by ', replace(links.link_source, '_', ' '), ' leads nowhere: ',
            replace(links.gap, '_', ' '), '.'
        ) as explanation
    from links
    left join teams
        on links.team_id = teams.team_id
    where
        links.gap is not null
        and links.gap != 'no_link'

),

led_to as (

    select distinct subscription_id from {{ ref('int_revops_team_spans') }}
    where has_been_in_force

),

subscriptions_without_team as (

    select
        'subscription' as subject_type,
        subscriptions.subscription_id as subject_id,
        subscriptions.subscription_name as subject_name,
        subscriptions.account_id,
        'subscription_without_team' as gap,
        'empty' as effect,
        'No team belongs to this subscription: its dashboard shows no usage.'
            as explanation
    from subscriptions
    left join led_to
        on subscriptions.subscription_id = led_to.subscription_id
    where
        led_to.subscription_id is null
        and not subscriptions.is_deleted

),

-- Used before the subscription began, or after it ended without a next one.
outside_terms as (

    select
        team_id,
        sum(total_cost_usd) as total_cost_usd
    from daily_usages
    where
        not is_in_term
        and subscription_id != {{ unattributed() }}
    group by team_id

),

teams_outside_terms as (

    select
        'team' as subject_type,
        teams.team_id as subject_id,
        teams.team_name as subject_name,
        teams.account_id,
        'usage_outside_term' as gap,
        'partial' as effect,
        concat(
            'On some days no subscription of the team ran: its usage stands with ',
            'the one that ended before, or that began after.'
        ) as explanation
    from outside_terms
    inner join teams
        on outside_terms.team_id = teams.team_id

),

gaps as (

    select * from teams_without_subscription

    union all

    select * from teams_outside_directory

    union all

    select * from conflicting_teams

    union all

    select * from broken_links

    union all

    select * from subscriptions_without_team

    union all

    select * from teams_outside_terms

),

weighed as (

    select
        gaps.subject_type,
        gaps.subject_id,
        case
            when gaps.subject_type = 'team' then gaps.subject_id
            else {{ unattributed() }}
        end as team_id,
        case
            when gaps.subject_type = 'subscription' then gaps.subject_id
            else coalesce(teams.subscription_id, {{ unattributed() }})
        end as subscription_id,
        gaps.subject_name,
        gaps.account_id,
        gaps.gap,
        gaps.effect,
        gaps.explanation,
        cast(
            case
                when gaps.subject_type = 'subscription' then 0
                when gaps.gap = 'usage_outside_term' then outside_terms.total_cost_usd
                else coalesce(spends.total_cost_usd, 0)
            end as {{ type_money() }}
        ) as total_cost_usd
    from gaps
    left join spends
        on gaps.subject_id = spends.team_id
    left join outside_terms
        on gaps.subject_id = outside_terms.team_id
    left join teams
        on gaps.subject_id = teams.team_id

),

named as (

    select
        weighed.subject_type,
        weighed.subject_id,
        weighed.team_id,
        weighed.subscription_id,
        weighed.account_id,
        weighed.subject_name,
        case
            when weighed.subject_type = 'team' then weighed.subject_name
            else {{ unattributed() }}
        end as team_name,
        weighed.gap,
        weighed.effect,
        weighed.explanation,
        weighed.total_cost_usd,
        coalesce(subscriptions.subscription_name, weighed.subscription_id)
            as subscription_name,
        coalesce(accounts.account_name, weighed.account_id) as account_name
    from weighed
    left join subscriptions
        on weighed.subscription_id = subscriptions.subscription_id
    left join accounts
        on weighed.account_id = accounts.account_id

)

select * from named
