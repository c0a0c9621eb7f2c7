-- GRAIN: one row per kind of finding and API key
with keys as (

    select * from {{ ref('dim_api_keys') }}
    where api_key_id != {{ unattributed() }}

),

listed_keys as (

    select * from {{ ref('int_api_keys') }}

),

rules as (

    select * from {{ ref('int_attribution_rules') }}

),

people as (

    select * from {{ ref('int_people') }}
    where
        {{ as_of_date() }} >= valid_from
        and {{ as_of_date() }} < valid_to

),

windows as (

    select * from {{ ref('int_windows') }}

),

usages as (

    select * from {{ ref('fct_usage_daily') }}
    where usage_date >= {{ days_before_run(var('risk_days')) }}

),

costs as (

    select * from {{ ref('fct_cost_daily') }}
    where cost_date >= {{ days_before_run(var('risk_days')) }}

),

-- A key was not used only if its vendor reported as many days.
histories as (

    select
        source_name as vendor,
        min(window_start) as first_day
    from windows
    where
        is_daily
        and records > 0
    group by source_name

),

-- What a key belongs to may have a cost center: the service account that it acts as or
-- its workspace. A person answers for a key alone.
mapped as (

    select distinct subject
    from rules
    where
        rule_type = 'key_mapping'
        and cost_center is not null
        and {{ as_of_date() }} >= valid_from
        and {{ as_of_date() }} < valid_to

),

aliases as (

    select * from rules
    where rule_type = 'alias'

),

-- Of several people who share a project, the one who stays longest.
projects as (

    select
        rules.subject,
        rules.cost_center,
        coalesce(aliases.user_email, rules.user_email) as user_email
    from rules
    left join aliases
        on rules.user_email = aliases.subject
    left join people
        on coalesce(aliases.user_email, rules.user_email) = people.email
    where
        rules.rule_type in ('project_mapping', 'project_label')
        and coalesce(rules.user_email, rules.cost_center) is not null
        and {{ as_of_date() }} >= rules.valid_from
        and {{ as_of_date() }} < rules.valid_to
    qualify row_number() over (
        partition by rules.subject
        order by
            rules.cost_center is null asc,
            people.on_roster_to desc,
            rules.user_email asc
    ) = 1

),

service_keys as (

    select
        owners.subject as api_key_id,
        owners.service_account_id
    from rules as owners
    where owners.rule_type = 'key_owner'

),

used as (

    select
        api_key_id,
        platform_code,
        usage_date as used_on,
        cast(0 as {{ type_money() }}) as cost_usd
    from usages

    union all

    select
        api_key_id,
        platform_code,
        cost_date as used_on,
        effective_cost_usd as cost_usd
    from costs

),

uses as (

    select
        api_key_id,
        min(platform_code) as platform_code,
        min(used_on) as first_date,
        max(used_on) as last_date,
        sum(cost_usd) as cost_usd
    from used
    group by api_key_id

),

placed_keys as (

    select
        keys.*,
        listed_keys.vendor,
        listed_keys.seen_to,
        projects.user_email as project_email,
        service_keys.service_account_id,
        coalesce(
            keys.cost_center,
            mapped_accounts.subject,
            mapped_workspaces.subject,
            projects.cost_center
        ) is not null as has_cost_center
    from keys
    left join listed_keys
        on keys.api_key_id = listed_keys.api_key_id
    left join service_keys
        on keys.api_key_id = service_keys.api_key_id
    left join mapped as mapped_accounts
        on service_keys.service_account_id = mapped_accounts.subject
    left join mapped as mapped_workspaces
        on keys.workspace_id = mapped_workspaces.subject
    left join projects
        on
            {{ of_vendor('listed_keys.vendor', 'keys.workspace_id') }}
            = projects.subject

),

-- The person of the project is who is charged if nothing else is known. A service
-- account is nobody's because its project is.
answered_keys as (

    select
        *,
        case
            when
                owner_email is null
                and not has_cost_center
                and not is_shared
                and service_account_id is null
                then project_email
            else owner_email
        end as user_email
    from placed_keys

),

described as (

    select
        answered_keys.api_key_id,
        coalesce(answered_keys.api_key_name, answered_keys.api_key_id) as subject,
        answered_keys.organization,
        uses.platform_code,
        answered_keys.user_email,
        uses.first_date,
        uses.last_date,
        uses.cost_usd,
        cast(answered_keys.created_at as date) as created_on,
        answered_keys.is_in_directory,
        uses.api_key_id is not null as is_used,
        -- Of a key that the directory never listed, use says that it is there.
        case
            when answered_keys.is_in_directory
                then
                    coalesce(answered_keys.status, 'active') = 'active'
                    and answered_keys.seen_to = {{ end_of_time() }}
            else uses.api_key_id is not null
        end as is_open,
        case when people.on_roster_to <= {{ as_of_date() }} then people.on_roster_to end
            as owner_left_on,
        answered_keys.user_email is null
        and not answered_keys.has_cost_center
        and not answered_keys.is_shared as is_without_owner,
        histories.first_day <= {{ days_before_run(var('risk_days')) }}
            as is_history_long_enough
    from answered_keys
    left join uses
        on answered_keys.api_key_id = uses.api_key_id
    left join people
        on answered_keys.user_email = people.email
    left join histories
        on answered_keys.vendor = histories.vendor

),

without_owner as (

    select
        'key_without_owner' as finding_kind,
        api_key_id,
        subject,
        organization,
        platform_code,
        user_email,
        coalesce(owner_left_on, created_on, first_date) as since_date,
        last_date,
        coalesce(cost_usd, cast(0 as {{ type_money() }})) as amount_usd,
        case
            when owner_left_on is not null then 'Its owner has left.'
            when not is_in_directory then 'It is used, and the vendor does not list it.'
            else 'No sheet and no directory says whose it is.'
        end as detail
    from described
    where
        is_open
        and (is_without_owner or owner_left_on is not null)

),

unused as (

    select
        'key_unused' as finding_kind,
        api_key_id,
        subject,
        organization,
        platform_code,
        user_email,
        {{ days_before_run(var('risk_days')) }} as since_date,
        last_date,
        cast(null as {{ type_money() }}) as amount_usd,
        'No use for {{ var("risk_days") }} days or more.' as detail
    from described
    where
        is_open
        and not is_used
        and is_history_long_enough
        and created_on <= {{ days_before_run(var('risk_days')) }}

),

unioned as (

    select * from without_owner

    union all

    select * from unused

)

select * from unioned
