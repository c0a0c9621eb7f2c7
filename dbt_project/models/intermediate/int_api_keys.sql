-- A key keeps its last known entry after it has left the directory.
with api_keys as (

    select * from {{ ref('stg_anthropic__api_keys') }}

),

newest as (

    select
        api_key_id,
        organization,
        workspace_id,
        principal_id,
        created_by_id,
        api_key_name,
        status,
        partial_key_hint,
        seen_to,
        created_at,
        expires_at
    from api_keys
    where api_key_id is not null
    qualify row_number() over (
        partition by api_key_id
        order by seen_to desc, seen_from desc, organization asc
    ) = 1

),

named as (

    select
        *,
        count(*) over (partition by organization, api_key_name) = 1 as is_name_unique
    from newest

)

select * from named
