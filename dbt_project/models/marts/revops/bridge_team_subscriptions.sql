-- GRAIN: one row per place that links a team to a subscription: its team record, a
-- subscription's list of teams, an opportunity; one more for a team that none links
{% set precedence = var('revops_link_precedence') %}

with teams as (

    select * from {{ ref('stg_product__teams') }}

),

subscriptions as (

    select * from {{ ref('stg_salesforce__subscriptions') }}

),

opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted

),

team_records as (

    select
        'team_record' as link_source,
        team_id,
        coalesce(subscription_id, recorded_subscription_id) as subscription_id,
        {{ unattributed() }} as opportunity_id,
        cast(null as {{ dbt.type_string() }}) as account_id,
        cast(null as {{ dbt.type_string() }}) as opportunity_type
    from teams
    where recorded_subscription_id is not null

),

subscription_lists as (

    select distinct
        'subscription_list' as link_source,
        listed_team_id as team_id,
        subscription_id,
        {{ unattributed() }} as opportunity_id,
        account_id,
        cast(null as {{ dbt.type_string() }}) as opportunity_type
    from subscriptions
    cross join {{ numbers_in('team_list', 'listed_team_id') }}

),

opportunity_fields as (

    select distinct
        'opportunity' as link_source,
        listed_team_id as team_id,
        coalesce(subscription_id, {{ unattributed() }})
            as subscription_id,
        opportunity_id,
        account_id,
        opportunity_type
    from opportunities
    cross join {{ numbers_in('team_list', 'listed_team_id') }}

),

unioned as (

    select * from team_records

    union all

    select * from subscription_lists

    union all

    select * from opportunity_fields

),

judged as (

    select
        unioned.link_source,
        unioned.team_id,
        unioned.subscription_id,
        unioned.opportunity_id,
        unioned.opportunity_type,
        coalesce(subscriptions.account_id, unioned.account_id, {{ unattributed() }})
            as account_id,
        subscriptions.start_date,
        subscriptions.end_date,
        case
            when teams.team_id is null then 'unknown_team'
            when unioned.subscription_id = {{ unattributed() }} then 'no_subscription'
            when subscriptions.subscription_id is null then 'unknown_subscription'
            when subscriptions.is_deleted then 'deleted_subscription'
        end as gap
    from unioned
    left join teams
        on unioned.team_id = teams.team_id
    left join subscriptions
        on unioned.subscription_id = subscriptions.subscription_id

),

-- Of the links that hold, the one in force: by where it comes from, then the
-- subscription that began last.
ranked as (

    select
        *,
        row_number() over (
            partition by team_id
            order by
                case when gap is null then 0 else 1 end,
                case link_source
                    {% for source in precedence %}
                        when '{{ source }}' then {{ loop.index }}
                    {% endfor %}
                end,
                start_date desc nulls last,
                subscription_id asc,
                opportunity_id asc
        ) = 1 as is_first,
        min(case when gap is null then subscription_id end)
            over (partition by team_id)
        != max(case when gap is null then subscription_id end)
            over (partition by team_id) as has_two
    from judged

),

links as (

    select
        link_source,
        team_id,
        subscription_id,
        opportunity_id,
        account_id,
        opportunity_type,
        gap,
        is_first and gap is null as is_in_force,
        coalesce(has_two, false) as has_conflict
    from ranked

),

linked_teams as (

    select distinct team_id from links
    where is_in_force

),

unlinked_teams as (

    select
        'none' as link_source,
        teams.team_id,
        {{ unattributed() }} as subscription_id,
        {{ unattributed() }} as opportunity_id,
        {{ unattributed() }} as account_id,
        cast(null as {{ dbt.type_string() }}) as opportunity_type,
        'no_link' as gap,
        true as is_in_force,
        false as has_conflict
    from teams
    left join linked_teams
        on teams.team_id = linked_teams.team_id
    where linked_teams.team_id is null

)

select * from links

union all

select * from unlinked_teams
