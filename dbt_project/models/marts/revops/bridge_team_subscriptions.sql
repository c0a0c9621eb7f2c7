-- GRAIN: one row per place that links a team to a subscription: its team record, a
-- subscription's list of teams, an opportunity; one more for a team that none links
with links as (

    select * from {{ ref('int_revops_team_links') }}

),

spans as (

    select * from {{ ref('int_revops_team_spans') }}
    where
        valid_from <= {{ as_of_date() }}
        and valid_to > {{ as_of_date() }}

),

-- Two subscriptions at once; one after another is a renewal.
conflicts as (

    select distinct links.team_id
    from links
    inner join links as rivals
        on
            links.team_id = rivals.team_id
            and links.subscription_id < rivals.subscription_id
            and links.term_from < rivals.term_to
            and links.term_to > rivals.term_from
    where
        links.gap is null
        and rivals.gap is null

),

known_links as (

    select
        links.link_source,
        links.team_id,
        links.subscription_id,
        links.opportunity_id,
        links.account_id,
        links.opportunity_type,
        links.gap,
        spans.team_id is not null as is_in_force,
        conflicts.team_id is not null as has_conflict
    from links
    left join spans
        on
            links.team_id = spans.team_id
            and links.link_source = spans.link_source
            and links.subscription_id = spans.subscription_id
            and links.opportunity_id = spans.opportunity_id
    left join conflicts
        on links.team_id = conflicts.team_id

),

unlinked_teams as (

    select
        link_source,
        team_id,
        subscription_id,
        opportunity_id,
        account_id,
        cast(null as {{ dbt.type_string() }}) as opportunity_type,
        'no_link' as gap,
        true as is_in_force,
        false as has_conflict
    from spans
    where link_source = 'none'

)

select * from known_links

union all

select * from unlinked_teams
