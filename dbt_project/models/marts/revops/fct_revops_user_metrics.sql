-- GRAIN: one row per month, team and person that was a member or used anything
with usages as (

    select * from {{ ref('rollup_revops_user_usages') }}

),

activities as (

    select * from {{ ref('rollup_revops_agent_usage_by_month') }}

),

members as (

    select * from {{ ref('int_revops_memberships') }}

),

buckets as (

    select * from {{ ref('revops_buckets') }}

),

team_months as (

    select * from {{ ref('rollup_revops_team_months') }}

),

months as (

    select distinct month from usages

    union distinct

    select distinct month from activities

),

-- Who was a member and did nothing counts too: as a seat that is paid and not used.
people as (

    select
        months.month,
        members.team_id,
        members.user_id
    from months
    inner join members
        on
            {{ next_first_day('month', 'months.month') }} > members.member_from
            and months.month < members.member_to

    union distinct

    select
        month,
        team_id,
        user_id
    from usages

    union distinct

    select
        month,
        team_id,
        user_id
    from activities

),

emails as (

    select
        user_id,
        max(email) as email
    from members
    group by user_id

),

measured as (

    select
        people.month,
        {{ is_complete_month('people.month') }} as is_complete_month,
        people.team_id,
        people.user_id,
        emails.email,
        coalesce(usages.requests, 0) as requests,
        coalesce(usages.core_requests, 0) as core_requests,
        coalesce(usages.bugbot_requests, 0) as bugbot_requests,
        coalesce(activities.agent_requests, 0) as agent_requests,
        coalesce(activities.agent_sessions, 0) as agent_sessions,
        coalesce(activities.tab_suggestions, 0) as tab_suggestions,
        coalesce(activities.tab_accepts, 0) as tab_accepts,
        coalesce(activities.lines_accepted, 0) as lines_accepted,
        coalesce(activities.days_active, 0) as days_active,
        activities.last_active_date,
        coalesce(usages.fresh_tokens, 0) as fresh_tokens,
        coalesce(usages.total_tokens, 0) as total_tokens,
        coalesce(usages.models, 0) as models,
        usages.model_names,
        cast(coalesce(usages.api_cost_usd, 0) as {{ type_money() }}) as api_cost_usd,
        cast(coalesce(usages.token_fee_usd, 0) as {{ type_money() }}) as token_fee_usd,
        cast(coalesce(usages.token_fee_by_rule_usd, 0) as {{ type_money() }})
            as token_fee_by_rule_usd,
        cast(coalesce(usages.total_cost_usd, 0) as {{ type_money() }})
            as total_cost_usd,
        cast(coalesce(usages.bugbot_cost_usd, 0) as {{ type_money() }})
            as bugbot_cost_usd,
        coalesce(activities.uses_agent, false) as uses_agent,
        coalesce(activities.uses_rules, false) as uses_rules,
        coalesce(activities.uses_mcp, false) as uses_mcp,
        coalesce(activities.uses_plan_mode, false) as uses_plan_mode,
        coalesce(activities.is_l4_user, false) as is_l4_user,
        coalesce(activities.is_power_user, false) as is_power_user,
        people.user_id != {{ unattributed() }}
        and (
            coalesce(usages.requests, 0) > 0
            or coalesce(activities.days_active, 0) > 0
        ) as is_active,
        people.user_id != {{ unattributed() }}
        and coalesce(usages.total_cost_usd - usages.bugbot_cost_usd, 0) > 0
            as is_spending
    from people
    left join usages
        on
            people.month = usages.month
            and people.team_id = usages.team_id
            and people.user_id = usages.user_id
    left join activities
        on
            people.month = activities.month
            and people.team_id = activities.team_id
            and people.user_id = activities.user_id
    left join emails
        on people.user_id = emails.user_id

),

classed as (

    select
        measured.*,
        team_months.team_name,
        team_months.subscription_id,
        team_months.subscription_name,
        team_months.account_id,
        team_months.account_name,
        dollars.bucket as dollar_bucket,
        dollars.bucket_position as dollar_bucket_position,
        requests.bucket as request_bucket,
        requests.bucket_position as request_bucket_position,
        case
            when measured.tab_accepts = 0 and measured.agent_requests = 0 then 'neither'
            when
                measured.tab_accepts >= {{ var('revops_quadrant_tab_accepts') }}
                and measured.agent_requests
                >= {{ var('revops_quadrant_agent_requests') }}
                then 'both'
            when measured.tab_accepts >= {{ var('revops_quadrant_tab_accepts') }}
                then 'mostly tab'
            when
                measured.agent_requests
                >= {{ var('revops_quadrant_agent_requests') }}
                then 'mostly agent'
            else 'light'
        end as quadrant
    from measured
    left join team_months
        on
            measured.month = team_months.month
            and measured.team_id = team_months.team_id
    inner join buckets as dollars
        on
            dollars.bucket_type = 'dollars'
            and (
                dollars.bucket_position = 1
                or measured.total_cost_usd >= dollars.lower_bound
            )
            and (
                dollars.upper_bound is null
                or measured.total_cost_usd < dollars.upper_bound
            )
    inner join buckets as requests
        on
            requests.bucket_type = 'requests'
            and (
                requests.bucket_position = 1
                or measured.requests >= requests.lower_bound
            )
            and (
                requests.upper_bound is null
                or measured.requests < requests.upper_bound
            )

)

select * from classed
