with teams as (

    select * from {{ ref('int_revops_teams') }}

),

memberships as (

    select * from {{ ref('int_revops_memberships') }}

),

members as (

    select
        team_id,
        count(distinct user_id) as members
    from memberships
    where member_to > {{ as_of_date() }}
    group by team_id

),

named_teams as (

    select team_id from {{ ref('rollup_revops_usages_by_month') }}

    union distinct

    select team_id from {{ ref('rollup_revops_agent_usage_by_month') }}

    union distinct

    select team_id from memberships

),

links as (

    select * from {{ ref('bridge_team_subscriptions') }}
    where is_in_force

),

conflicts as (

    select distinct team_id from {{ ref('bridge_team_subscriptions') }}
    where has_conflict

),

-- A team that was deleted from the product, and whose usage or members stay.
all_teams as (

    select
        team_id,
        true as is_in_directory
    from teams

    union all

    select
        named_teams.team_id,
        false as is_in_directory
    from named_teams
    left join teams
        on named_teams.team_id = teams.team_id
    where teams.team_id is null

),

described as (

    select
        all_teams.team_id,
        coalesce(teams.team_name, all_teams.team_id) as team_name,
        teams.membership_type,
        coalesce(teams.is_enterprise, false) as is_enterprise,
        teams.seats,
        coalesce(members.members, 0) as members,
        teams.recorded_subscription_id,
        coalesce(links.subscription_id, {{ unattributed() }}) as subscription_id,
        coalesce(links.account_id, {{ unattributed() }}) as account_id,
        coalesce(links.link_source, 'none') as link_source,
        conflicts.team_id is not null as has_link_conflict,
        all_teams.is_in_directory
    from all_teams
    left join teams
        on all_teams.team_id = teams.team_id
    left join members
        on all_teams.team_id = members.team_id
    left join links
        on all_teams.team_id = links.team_id
    left join conflicts
        on all_teams.team_id = conflicts.team_id

)

select * from described
