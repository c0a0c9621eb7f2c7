{{ config(materialized='table') }}

-- GRAIN: one row per rule, subject and first day of validity
with vendor_users as (

    select * from {{ ref('int_vendor_users') }}

),

service_accounts as (

    select distinct service_account_id from (
        {{ all_vendors('service_accounts') }}
    )

),

api_keys as (

    select * from {{ ref('int_api_keys') }}

),

aliases as (

    select * from {{ ref('stg_google_sheets__email_aliases') }}
    where
        alias is not null
        and email is not null
        and seen_to = {{ end_of_time() }}

),

-- A mapping that is switched off and has no last day was never in force.
mappings as (

    select
        *,
        coalesce(valid_from, {{ beginning_of_time() }}) as mapped_from,
        case
            when valid_to is null then {{ end_of_time() }}
            else {{ add_days('valid_to', 1) }}
        end as mapped_to
    from {{ ref('stg_google_sheets__api_key_mappings') }}
    where
        api_key_id is not null
        and seen_to = {{ end_of_time() }}
        and (is_active or valid_to is not null)

),

people as (

    select * from {{ ref('int_people') }}

),

seats as (

    select * from {{ ref('int_seat_spans') }}

),

methods as (

    select * from {{ ref('attribution_methods') }}

),

vendor_user_rules as (

    select
        'vendor_user' as rule_type,
        user_id as subject,
        email as user_email,
        cast(null as {{ dbt.type_string() }}) as service_account_id,
        cast(null as {{ dbt.type_string() }}) as cost_center,
        cast(null as {{ dbt.type_string() }}) as purpose,
        cast(null as {{ dbt.type_string() }}) as attribution_method,
        cast(null as {{ type_number() }}) as confidence,
        cast(null as {{ dbt.type_string() }}) as attributes,
        {{ beginning_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to
    from vendor_users

),

alias_rules as (

    select
        'alias' as rule_type,
        alias as subject,
        email as user_email,
        cast(null as {{ dbt.type_string() }}) as service_account_id,
        cast(null as {{ dbt.type_string() }}) as cost_center,
        cast(null as {{ dbt.type_string() }}) as purpose,
        cast(null as {{ dbt.type_string() }}) as attribution_method,
        cast(null as {{ type_number() }}) as confidence,
        cast(null as {{ dbt.type_string() }}) as attributes,
        {{ beginning_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to
    from aliases

),

mapping_rules as (

    select
        'key_mapping' as rule_type,
        api_key_id as subject,
        email as user_email,
        cast(null as {{ dbt.type_string() }}) as service_account_id,
        cost_center,
        purpose,
        cast(null as {{ dbt.type_string() }}) as attribution_method,
        confidence,
        cast(null as {{ dbt.type_string() }}) as attributes,
        mapped_from as valid_from,
        mapped_to as valid_to
    from mappings

),

-- Whom a key acts as counts before who created it. A key that acts as a service account
-- belongs to that service account, whoever created it.
owners as (

    select
        api_keys.api_key_id,
        case
            when principals.user_id is not null then principals.email
            when
                service_principals.service_account_id is null
                and coalesce(api_keys.principal_id, '') not like 'svac_%'
                then creators.email
        end as user_email,
        case
            when
                service_principals.service_account_id is not null
                or api_keys.principal_id like 'svac_%'
                then api_keys.principal_id
        end as service_account_id,
        case
            when principals.user_id is not null then 'key_principal'
            when creators.user_id is not null then 'key_creator'
        end as attribution_method
    from api_keys
    left join vendor_users as principals
        on api_keys.principal_id = principals.user_id
    left join service_accounts as service_principals
        on api_keys.principal_id = service_principals.service_account_id
    left join vendor_users as creators
        on api_keys.created_by_id = creators.user_id

),

owner_rules as (

    select
        'key_owner' as rule_type,
        owners.api_key_id as subject,
        owners.user_email,
        owners.service_account_id,
        cast(null as {{ dbt.type_string() }}) as cost_center,
        cast(null as {{ dbt.type_string() }}) as purpose,
        owners.attribution_method,
        methods.default_confidence as confidence,
        cast(null as {{ dbt.type_string() }}) as attributes,
        {{ beginning_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to
    from owners
    left join methods
        on owners.attribution_method = methods.attribution_method

),

person_rules as (

    select
        'person' as rule_type,
        email as subject,
        email as user_email,
        cast(null as {{ dbt.type_string() }}) as service_account_id,
        cost_center,
        cast(null as {{ dbt.type_string() }}) as purpose,
        cast(null as {{ dbt.type_string() }}) as attribution_method,
        cast(null as {{ type_number() }}) as confidence,
        attributes_hash as attributes,
        valid_from,
        valid_to
    from people

),

seat_rules as (

    select
        'seat' as rule_type,
        platform || '|' || holder || '|' || plan as subject,
        email as user_email,
        cast(null as {{ dbt.type_string() }}) as service_account_id,
        cast(null as {{ dbt.type_string() }}) as cost_center,
        cast(null as {{ dbt.type_string() }}) as purpose,
        cast(null as {{ dbt.type_string() }}) as attribution_method,
        cast(null as {{ type_number() }}) as confidence,
        billing_cycle || '|' || {{ decimal_to_text('seat_price_usd') }}
            as attributes,
        valid_from,
        valid_to
    from seats

),

unioned as (

    select * from vendor_user_rules

    union all

    select * from alias_rules

    union all

    select * from mapping_rules

    union all

    select * from owner_rules

    union all

    select * from person_rules

    union all

    select * from seat_rules

),

-- One rule a day for each subject, even if the sheet has several: the later row begins
-- where the earlier one ends.
clipped as (

    select
        rule_type,
        subject,
        user_email,
        service_account_id,
        cost_center,
        purpose,
        attribution_method,
        confidence,
        attributes,
        valid_from,
        least(
            valid_to,
            coalesce(
                lead(valid_from) over (
                    partition by rule_type, subject order by valid_from, valid_to
                ),
                {{ end_of_time() }}
            )
        ) as valid_to
    from unioned

),

keyed as (

    select
        {{ surrogate_key(['rule_type', 'subject', 'valid_from']) }} as rule_id,
        {{ surrogate_key([
            'user_email', 'service_account_id', 'cost_center', 'purpose',
            'attribution_method', decimal_to_text('confidence'), 'attributes',
        ]) }} as content_hash,
        clipped.*
    from clipped
    where clipped.valid_from < clipped.valid_to

)

select * from keyed
