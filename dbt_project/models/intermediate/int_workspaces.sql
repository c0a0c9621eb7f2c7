-- A workspace keeps its last known entry after it has left the directory.
with workspaces as (

    select * from {{ ref('stg_anthropic__workspaces') }}

),

newest as (

    select
        workspace_id,
        organization,
        workspace_name,
        created_at,
        archived_at
    from workspaces
    where workspace_id is not null
    qualify row_number() over (
        partition by workspace_id
        order by seen_to desc, seen_from desc, organization asc
    ) = 1

)

select * from newest
