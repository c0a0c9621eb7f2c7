-- GRAIN: one row per finding, as of the run
with people as (

    select * from {{ ref('rollup_risks_of_people') }}

),

api_keys as (

    select * from {{ ref('rollup_risks_of_keys') }}

),

models as (

    select * from {{ ref('dim_models') }}
    where not is_known

),

costs as (

    select * from {{ ref('fct_cost_daily') }}
    where cost_date >= {{ days_before_run(var('risk_days')) }}

),

usages as (

    select * from {{ ref('fct_usage_daily') }}
    where usage_date >= {{ days_before_run(var('risk_days')) }}

),

limits as (

    select * from {{ ref('int_spend_limits') }}

),

group_members as (

    select * from {{ ref('int_cursor_group_members') }}

),

budgets as (

    select * from {{ ref('fct_budget_monthly') }}

),

disputes as (

    select * from {{ ref('rpt_alerts_disputes') }}

),

kinds as (

    select * from {{ ref('risk_kinds') }}

),

current_people as (

    select * from {{ ref('int_people') }}
    where
        {{ as_of_date() }} >= valid_from
        and {{ as_of_date() }} < valid_to

),

-- Names that a group at Cursor may have: who is in one of another name is elsewhere.
places as (

    select lower(department) as place
    from current_people
    where on_roster_to > {{ as_of_date() }}

    union distinct

    select lower(team) as place
    from current_people
    where on_roster_to > {{ as_of_date() }}

),

used_models as (

    select
        model,
        platform_code,
        usage_date as used_on,
        cast(0 as {{ type_money() }}) as cost_usd
    from usages

    union all

    select
        model,
        platform_code,
        cost_date as used_on,
        effective_cost_usd as cost_usd
    from costs

),

unlisted_models as (

    select
        used_models.model,
        used_models.platform_code,
        min(used_models.used_on) as since_date,
        max(used_models.used_on) as last_date,
        sum(used_models.cost_usd) as amount_usd
    from used_models
    inner join models
        on used_models.model = models.model
    group by used_models.model, used_models.platform_code

),

reached_limits as (

    select * from limits
    where
        limit_usd > 0
        and period_to_date_spend_usd * 100
        >= limit_usd * {{ var('risk_spend_limit_percent') }}

),

groups_in_use as (

    select distinct
        organization,
        lower(group_name) as place
    from group_members

),

compared_members as (

    select
        group_members.organization,
        group_members.group_id,
        group_members.group_name,
        group_members.user_email,
        group_members.is_without_group,
        group_members.seen_from,
        current_people.department,
        lower(group_members.group_name) in (
            lower(coalesce(current_people.department, '')),
            lower(coalesce(current_people.team, ''))
        ) as is_in_own_group,
        places.place is not null as is_group_a_place,
        own_groups.place is not null as has_own_group
    from group_members
    inner join current_people
        on group_members.user_email = current_people.email
    left join places
        on lower(group_members.group_name) = places.place
    left join groups_in_use as own_groups
        on
            group_members.organization = own_groups.organization
            and lower(current_people.department) = own_groups.place
    where current_people.on_roster_to > {{ as_of_date() }}

),

-- A group whose name is no department and no team, such as a project, says nothing.
misplaced_members as (

    select * from compared_members
    where
        (is_without_group and has_own_group)
        or (not is_without_group and is_group_a_place and not is_in_own_group)

),

-- Yesterday's month: on the first of a month, the one that has just ended.
overrun_budgets as (

    select * from budgets
    where
        month = {{ first_day_of('month', days_before_run(1)) }}
        and actual_cost_usd > budget_usd

),

unioned as (

    select
        finding_kind,
        user_email as subject_id,
        user_email as subject,
        cast(null as {{ dbt.type_string() }}) as organization,
        platform_code,
        user_email,
        since_date,
        last_date,
        amount_usd,
        case finding_kind
            when 'use_after_last_day'
                then 'Their account was used after their last day.'
            else 'The vendor names an address that no roster has.'
        end as detail
    from people

    union all

    select
        finding_kind,
        api_key_id as subject_id,
        subject,
        organization,
        platform_code,
        user_email,
        since_date,
        last_date,
        amount_usd,
        detail
    from api_keys

    union all

    select
        'model_not_listed' as finding_kind,
        model as subject_id,
        model as subject,
        cast(null as {{ dbt.type_string() }}) as organization,
        platform_code,
        cast(null as {{ dbt.type_string() }}) as user_email,
        since_date,
        last_date,
        amount_usd,
        'It is not in the seed models.' as detail
    from unlisted_models

    union all

    select
        'spend_limit_reached' as finding_kind,
        coalesce(spend_limit_id, user_email, scope_type) as subject_id,
        coalesce(user_email, spend_limit_id, scope_type) as subject,
        organization,
        cast(null as {{ dbt.type_string() }}) as platform_code,
        user_email,
        snapshot_date as since_date,
        snapshot_date as last_date,
        case when currency = 'USD' then period_to_date_spend_usd end as amount_usd,
        case
            when period_to_date_spend_usd >= limit_usd then 'The limit is reached.'
            else '{{ var("risk_spend_limit_percent") }} percent of the limit are spent.'
        end as detail
    from reached_limits

    union all

    select
        'cursor_group_differs' as finding_kind,
        concat(coalesce(group_id, group_name), '|', user_email) as subject_id,
        user_email as subject,
        organization,
        'cursor' as platform_code,
        user_email,
        seen_from as since_date,
        cast(null as date) as last_date,
        cast(null as {{ type_money() }}) as amount_usd,
        case
            when is_without_group
                then concat('In no group at Cursor; the roster says ', department, '.')
            else
                concat(
                    'In the group ',
                    group_name,
                    '; the roster says ',
                    coalesce(department, 'no department'),
                    '.'
                )
        end as detail
    from misplaced_members

    union all

    select
        'budget_overrun' as finding_kind,
        concat(scope_type, '|', scope) as subject_id,
        case
            when scope_type = 'company' then scope
            else concat(replace(scope_type, '_', ' '), ' ', scope)
        end as subject,
        cast(null as {{ dbt.type_string() }}) as organization,
        cast(null as {{ dbt.type_string() }}) as platform_code,
        case when scope_type = 'user' then lower(scope) end as user_email,
        month as since_date,
        cast(null as date) as last_date,
        actual_cost_usd - budget_usd as amount_usd,
        case
            when is_complete_month then 'More was spent in the month than its budget.'
            else 'More was spent than the budget of the running month.'
        end as detail
    from overrun_budgets

    union all

    select
        'dispute' as finding_kind,
        cast(month as {{ dbt.type_string() }}) as subject_id,
        concat(platform_code, ' ', cast(month as {{ dbt.type_string() }})) as subject,
        organization,
        platform_code,
        cast(null as {{ dbt.type_string() }}) as user_email,
        month as since_date,
        cast(null as date) as last_date,
        greatest(
            abs(report_difference_usd),
            abs(coalesce(invoice_difference_usd, 0)),
            abs(coalesce(snapshot_difference_usd, 0))
        ) as amount_usd,
        reason as detail
    from disputes

),

described as (

    select
        {{ surrogate_key([
            'unioned.finding_kind', 'unioned.subject_id', 'unioned.organization',
            'unioned.platform_code',
        ]) }} as finding_id,
        {{ as_of_date() }} as as_of_date,
        unioned.finding_kind,
        kinds.finding_name,
        case
            when unioned.amount_usd >= {{ var('risk_critical_usd') }} then 'critical'
            else kinds.severity
        end as severity,
        unioned.subject,
        unioned.organization,
        unioned.platform_code,
        unioned.user_email,
        current_people.department,
        unioned.since_date,
        unioned.last_date,
        cast(unioned.amount_usd as {{ type_money() }}) as amount_usd,
        unioned.detail,
        kinds.what_to_do
    from unioned
    left join kinds
        on unioned.finding_kind = kinds.finding_kind
    left join current_people
        on unioned.user_email = current_people.email

)

select * from described
