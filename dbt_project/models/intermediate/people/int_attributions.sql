-- GRAIN: one row per day and identity: who it was, how that is known and how sure it is
-- First match wins, in the order of attribution_methods.method_rank.
with identity_days as (

    select * from {{ ref('int_identity_days') }}

),

rules as (

    select * from {{ ref('int_attribution_rules') }}

),

vendor_users as (

    select * from rules
    where rule_type = 'vendor_user'

),

aliases as (

    select * from rules
    where rule_type = 'alias'

),

mappings as (

    select * from rules
    where rule_type = 'key_mapping'

),

owners as (

    select * from rules
    where rule_type = 'key_owner'

),

methods as (

    select * from {{ ref('attribution_methods') }}

),

candidates as (

    select
        identity_days.activity_date,
        identity_days.identity_key,
        identity_days.actor_email,
        identity_days.actor_user_id,
        identity_days.api_key_id,
        identity_days.workspace_id,
        key_mappings.user_email as mapped_email,
        key_mappings.confidence as mapped_confidence,
        owners.user_email as owner_email,
        owners.attribution_method as owner_method,
        owners.confidence as owner_confidence,
        service_mappings.cost_center as service_cost_center,
        coalesce(identity_days.actor_email, vendor_users.user_email) as vendor_email,
        coalesce(identity_days.service_account_id, owners.service_account_id)
            as service_account_id,
        coalesce(key_mappings.cost_center, workspace_mappings.cost_center)
            as mapped_cost_center,
        case
            when key_mappings.cost_center is not null then key_mappings.confidence
            else workspace_mappings.confidence
        end as team_confidence,
        coalesce(
            key_mappings.purpose, service_mappings.purpose, workspace_mappings.purpose
        ) as purpose
    from identity_days
    left join vendor_users
        on identity_days.actor_user_id = vendor_users.subject
    left join mappings as key_mappings
        on
            identity_days.api_key_id = key_mappings.subject
            and identity_days.activity_date >= key_mappings.valid_from
            and identity_days.activity_date < key_mappings.valid_to
    left join owners
        on identity_days.api_key_id = owners.subject
    left join mappings as service_mappings
        on
            coalesce(identity_days.service_account_id, owners.service_account_id)
            = service_mappings.subject
            and identity_days.activity_date >= service_mappings.valid_from
            and identity_days.activity_date < service_mappings.valid_to
    left join mappings as workspace_mappings
        on
            identity_days.workspace_id = workspace_mappings.subject
            and identity_days.activity_date >= workspace_mappings.valid_from
            and identity_days.activity_date < workspace_mappings.valid_to

),

chosen as (

    select
        *,
        case
            when vendor_email is not null then 'vendor_identity'
            when mapped_email is not null then 'key_mapping'
            when owner_method = 'key_principal' then owner_method
            when service_account_id is null and owner_email is not null
                then owner_method
            when service_account_id is not null then 'service_account'
            when mapped_cost_center is not null then 'team_mapping'
            else 'unattributed'
        end as attribution_method
    from candidates

),

valued as (

    select
        chosen.activity_date,
        chosen.identity_key,
        chosen.actor_email,
        chosen.actor_user_id,
        chosen.service_account_id,
        chosen.api_key_id,
        chosen.workspace_id,
        chosen.purpose,
        chosen.attribution_method,
        cast(
            coalesce(
                case chosen.attribution_method
                    when 'key_mapping' then chosen.mapped_confidence
                    when 'key_principal' then chosen.owner_confidence
                    when 'key_creator' then chosen.owner_confidence
                    when 'team_mapping' then chosen.team_confidence
                end,
                methods.default_confidence
            ) as {{ type_number() }}
        ) as attribution_confidence,
        case chosen.attribution_method
            when 'vendor_identity' then chosen.vendor_email
            when 'key_mapping' then chosen.mapped_email
            when 'key_principal' then chosen.owner_email
            when 'key_creator' then chosen.owner_email
        end as named_email,
        case chosen.attribution_method
            when
                'service_account'
                then coalesce(chosen.service_cost_center, chosen.mapped_cost_center)
            when 'team_mapping' then chosen.mapped_cost_center
        end as mapped_cost_center
    from chosen
    left join methods
        on chosen.attribution_method = methods.attribution_method

),

resolved as (

    select
        valued.*,
        coalesce(aliases.user_email, valued.named_email) as user_email
    from valued
    left join aliases
        on valued.named_email = aliases.subject

)

select * from resolved
