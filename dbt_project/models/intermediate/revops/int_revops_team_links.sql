{{ config(materialized='table') }}

-- GRAIN: one row per place that links a team to a subscription: its team record, a
-- subscription's list of teams, an opportunity
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
        cast(null as {{ dbt.type_string() }}) as opportunity_type,
        false as is_lost
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
        cast(null as {{ dbt.type_string() }}) as opportunity_type,
        false as is_lost
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
        opportunity_type,
        stage_name in ({{ sql_list(var('revops_lost_stages')) }}) as is_lost
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
        coalesce(subscriptions.start_date, {{ beginning_of_time() }}) as term_from,
        coalesce({{ add_days('subscriptions.end_date', 1) }}, {{ end_of_time() }})
            as term_to,
        case
            when teams.team_id is null then 'unknown_team'
            when unioned.is_lost then 'lost_opportunity'
            when unioned.subscription_id = {{ unattributed() }} then 'no_subscription'
            when subscriptions.subscription_id is null then 'unknown_subscription'
            when subscriptions.is_deleted then 'deleted_subscription'
        end as gap
    from unioned
    left join teams
        on unioned.team_id = teams.team_id
    left join subscriptions
        on unioned.subscription_id = subscriptions.subscription_id

)

select * from judged
