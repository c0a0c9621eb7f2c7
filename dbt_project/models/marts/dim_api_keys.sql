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

    select * from rules
    where
        rule_type = 'key_mapping'
        and {{ as_of_date() }} >= valid_from
        and {{ as_of_date() }} < valid_to

),

ids as (

    select api_key_id from api_keys

    union distinct

    select api_key_id from members

),

described as (

    select
        ids.api_key_id,
        api_keys.organization,
        api_keys.workspace_id,
        api_keys.api_key_name,
        api_keys.status,
        api_keys.partial_key_hint,
        coalesce(aliases.user_email, mappings.user_email, owners.user_email)
            as owner_email,
        mappings.cost_center,
        mappings.purpose,
        mappings.subject is not null as is_mapped,
        api_keys.api_key_id is not null as is_in_directory,
        api_keys.created_at,
        api_keys.expires_at
    from ids
    left join api_keys
        on ids.api_key_id = api_keys.api_key_id
    left join mappings
        on ids.api_key_id = mappings.subject
    left join owners
        on ids.api_key_id = owners.subject
    left join aliases
        on coalesce(mappings.user_email, owners.user_email) = aliases.subject

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
        false as is_mapped,
        false as is_in_directory,
        cast(null as {{ dbt.type_timestamp() }}) as created_at,
        cast(null as {{ dbt.type_timestamp() }}) as expires_at

)

select * from described
