with api_keys as (

    select * from {{ ref('int_api_keys') }}

),

members as (

    select member as api_key_id
    from {{ ref('int_dimension_members') }}
    where dimension = 'api_key'

),

rules as (

    select * from {{ ref('int_attribution_rules') }}

),

aliases as (

    select * from rules
    where rule_type = 'alias'

),

owners as (

    select * from rules
    where rule_type = 'key_owner'

),

mappings as (

    select
        subject,
        max(purpose) as purpose,
        max(environment) as environment,
        count(*) as parts,
        -- What only one of several parts says is not the whole key's.
        case when count(*) = 1 then max(user_email) end as user_email,
        case when count(*) = 1 then max(cost_center) end as cost_center,
        count(coalesce(user_email, cost_center)) > 0 as names_somebody
    from rules
    where
        rule_type = 'key_mapping'
        and {{ as_of_date() }} >= valid_from
        and {{ as_of_date() }} < valid_to
    group by subject

),

ids as (

    select api_key_id from api_keys

    union distinct

    select api_key_id from members

),

decided as (

    select
        ids.api_key_id,
        mappings.user_email as mapped_email,
        owners.user_email as rule_email,
        mappings.cost_center,
        mappings.environment,
        mappings.subject is not null as is_mapped,
        coalesce(mappings.parts, 1) > 1 as is_shared,
        coalesce(mappings.purpose, owners.purpose) as purpose,
        {{ decided_by(
            vendor_email='cast(null as ' ~ dbt.type_string() ~ ')',
            key_is_mapped='coalesce(mappings.names_somebody, false)',
            owner_method='owners.attribution_method',
            service_account_id='owners.service_account_id',
            workspace_is_mapped='false',
            owner_email='owners.user_email'
        ) }} as decided_by
    from ids
    left join mappings
        on ids.api_key_id = mappings.subject
    left join owners
        on ids.api_key_id = owners.subject

),

owned as (

    select
        *,
        case
            when decided_by = 'key_mapping' then mapped_email
            when decided_by in ('key_principal', 'key_creator') then rule_email
        end as named_email
    from decided

),

described as (

    select
        owned.api_key_id,
        api_keys.organization,
        api_keys.workspace_id,
        api_keys.api_key_name,
        api_keys.status,
        api_keys.partial_key_hint,
        coalesce(aliases.user_email, owned.named_email) as owner_email,
        owned.cost_center,
        owned.purpose,
        owned.environment,
        owned.is_mapped,
        owned.is_shared,
        api_keys.api_key_id is not null as is_in_directory,
        api_keys.created_at,
        api_keys.expires_at
    from owned
    left join api_keys
        on owned.api_key_id = api_keys.api_key_id
    left join aliases
        on owned.named_email = aliases.subject

    union all

    select
        {{ unattributed() }} as api_key_id,
        cast(null as {{ dbt.type_string() }}) as organization,
        cast(null as {{ dbt.type_string() }}) as workspace_id,
        'No key' as api_key_name,
        cast(null as {{ dbt.type_string() }}) as status,
        cast(null as {{ dbt.type_string() }}) as partial_key_hint,
        cast(null as {{ dbt.type_string() }}) as owner_email,
        cast(null as {{ dbt.type_string() }}) as cost_center,
        cast(null as {{ dbt.type_string() }}) as purpose,
        cast(null as {{ dbt.type_string() }}) as environment,
        false as is_mapped,
        false as is_shared,
        false as is_in_directory,
        cast(null as {{ dbt.type_timestamp() }}) as created_at,
        cast(null as {{ dbt.type_timestamp() }}) as expires_at

),

-- Names repeat, and keys of one name are told apart by as much of the id as it takes.
labelled as (

    select
        *,
        case
            when api_key_name is null then api_key_id
            when count(*) over (partition by api_key_name) = 1 then api_key_name
            when
                count(*) over (
                    partition by api_key_name, substr(api_key_id, -4)
                ) = 1
                then concat(api_key_name, ' …', substr(api_key_id, -4))
            else concat(api_key_name, ' ', api_key_id)
        end as api_key_label
    from described

)

select * from labelled
