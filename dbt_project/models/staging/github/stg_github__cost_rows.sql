{{ config(**replaced_by_day(
    'cost_date', changes='stg_github__changed_days', cluster_by=['organization']
)) }}

-- GRAIN: one row per billed line of Copilot and part of it
-- What is billed is the money; who has a seat and who used AI credits only divide it.
-- INVARIANT: the parts of a line sum to the line, to the last digit
{% set days = changed_days(ref('stg_github__changed_days')) %}

with billed as (

    select
        *,
        {{ github_login('github_organization') }} as organization_login,
        {{ usd_weight('list_cost_usd') }} as weight
    from {{ ref('stg_github__current_charges') }}
    where
        is_counted
        and {{ in_days('cost_date', days) }}

),

credit_uses as (

    select
        *,
        {{ github_login('github_organization') }} as organization_login,
        {{ usd_weight('list_cost_usd') }} as weight
    from {{ ref('stg_github__credit_uses') }}
    where {{ in_days('cost_date', days) }}

),

seat_days as (

    select
        *,
        {{ github_login('github_organization') }} as organization_login
    from {{ ref('stg_github__seat_days') }}
    where {{ in_days('cost_date', days) }}

),

-- The bill may name organizations by what they are called on pages, which need not be
-- like their logins. An organization that the report of credits does not have yet is
-- still known by its seats.
listed_organizations as (

    select
        cost_date,
        organization,
        'seats' as charge_kind,
        organization_login
    from seat_days

    union distinct

    select
        cost_date,
        organization,
        'credits' as charge_kind,
        organization_login
    from seat_days

    union distinct

    select
        cost_date,
        organization,
        'credits' as charge_kind,
        organization_login
    from credit_uses

),

billed_organizations as (

    select distinct
        cost_date,
        organization,
        charge_kind,
        organization_login
    from billed

),

-- A name that cannot be a login, and is like none in the lists of its day, is one of
-- the listed organizations that the bill of the day does not name otherwise.
judged as (

    select
        billed.*,
        coalesce(billed.github_organization != billed.organization_login, false)
        and listed_organizations.organization_login is null as is_unclear
    from billed
    left join listed_organizations
        on
            billed.cost_date = listed_organizations.cost_date
            and billed.organization = listed_organizations.organization
            and billed.charge_kind = listed_organizations.charge_kind
            and billed.organization_login = listed_organizations.organization_login

),

charges as (

    select
        *,
        case when not is_unclear then organization_login end as listed_organization
    from judged

),

seat_parts as (

    select
        charges.cost_date,
        charges.record_id,
        seat_days.login_name,
        row_number() over (
            partition by charges.cost_date, charges.record_id
            order by seat_days.login_name
        ) as share_to,
        count(*) over (partition by charges.cost_date, charges.record_id)
            as share_whole
    from charges
    inner join seat_days
        on
            charges.cost_date = seat_days.cost_date
            and charges.organization = seat_days.organization
            and (
                charges.plan_type is null
                or coalesce(seat_days.plan_type, 'unknown')
                in (charges.plan_type, 'unknown')
            )
    left join billed_organizations
        on
            seat_days.cost_date = billed_organizations.cost_date
            and seat_days.organization = billed_organizations.organization
            and seat_days.organization_login = billed_organizations.organization_login
            and billed_organizations.charge_kind = 'seats'
    where
        charges.charge_kind = 'seats'
        and coalesce(
            charges.listed_organization = seat_days.organization_login,
            not charges.is_unclear
            or billed_organizations.organization_login is null
        )

),

-- Several lines of a SKU, such as one for each repository, are divided alike.
credit_charges as (

    select
        cost_date,
        record_id,
        organization,
        listed_organization,
        is_unclear,
        sku_code,
        sum(weight) over (
            partition by
                cost_date, organization, is_unclear, listed_organization, sku_code
        ) as charged_weight
    from charges
    where charge_kind = 'credits'

),

matched_uses as (

    select
        credit_charges.cost_date,
        credit_charges.record_id,
        credit_charges.charged_weight,
        credit_uses.login_name,
        credit_uses.model,
        credit_uses.weight,
        sum(credit_uses.weight) over (
            partition by credit_charges.cost_date, credit_charges.record_id
        ) as used_weight,
        sum(credit_uses.weight) over (
            partition by credit_charges.cost_date, credit_charges.record_id
            order by credit_uses.record_id
            rows between unbounded preceding and current row
        ) as share_to
    from credit_charges
    inner join credit_uses
        on
            credit_charges.cost_date = credit_uses.cost_date
            and credit_charges.organization = credit_uses.organization
            and credit_charges.sku_code = credit_uses.sku_code
    left join billed_organizations
        on
            credit_uses.cost_date = billed_organizations.cost_date
            and credit_uses.organization = billed_organizations.organization
            and credit_uses.organization_login = billed_organizations.organization_login
            and billed_organizations.charge_kind = 'credits'
    where
        credit_uses.weight > 0
        and coalesce(
            credit_charges.listed_organization = credit_uses.organization_login,
            not credit_charges.is_unclear
            or billed_organizations.organization_login is null
        )

),

-- What the users do not explain stays without one, but a cent is what rounding leaves.
weighed_uses as (

    select
        *,
        case
            when charged_weight - used_weight >= {{ usd_weight('0.01') }}
                then charged_weight
            else used_weight
        end as share_whole
    from matched_uses

),

credit_parts as (

    select
        cost_date,
        record_id,
        login_name,
        model,
        share_to - weight as share_from,
        share_to,
        share_whole
    from weighed_uses

    union all

    select distinct
        cost_date,
        record_id,
        cast(null as {{ dbt.type_string() }}) as login_name,
        cast(null as {{ dbt.type_string() }}) as model,
        used_weight as share_from,
        share_whole as share_to,
        share_whole
    from weighed_uses
    where used_weight < share_whole

),

parts as (

    select
        cost_date,
        record_id,
        login_name,
        cast(null as {{ dbt.type_string() }}) as model,
        share_to - 1 as share_from,
        share_to,
        share_whole,
        'equal_split' as allocation_method
    from seat_parts

    union all

    select
        cost_date,
        record_id,
        login_name,
        model,
        share_from,
        share_to,
        share_whole,
        case
            when login_name is null and model is null then 'unallocated'
            else 'by_cost'
        end as allocation_method
    from credit_parts

),

divided as (

    select
        charges.cost_date,
        charges.organization,
        charges.github_organization,
        charges.platform_code,
        charges.product,
        charges.cost_type,
        charges.charge_kind,
        charges.list_cost_usd,
        charges.billed_cost_usd,
        parts.login_name,
        parts.model,
        coalesce(
            parts.allocation_method,
            case when charges.charge_kind is null then 'reported' else 'unallocated' end
        ) as allocation_method,
        coalesce(parts.share_from, 0) as share_from,
        coalesce(parts.share_to, 1) as share_to,
        coalesce(parts.share_whole, 1) as share_whole
    from charges
    left join parts
        on
            charges.cost_date = parts.cost_date
            and charges.record_id = parts.record_id

),

cost_rows as (

    select
        {{ conformed_row(
            'cost_rows',
            [
                'cost_date', 'organization', 'platform_code', 'product', 'cost_type',
                'allocation_method', 'model',
            ],
            actor_user_id='login_name',
            workspace_id='github_organization',
            source="'billing_usage'",
            list_cost_usd=part_of_usd('list_cost_usd', 'divided'),
            billed_cost_usd=part_of_usd('billed_cost_usd', 'divided'),
            effective_cost_usd=part_of_usd('billed_cost_usd', 'divided')
        ) }}
    from divided

)

select * from cost_rows
