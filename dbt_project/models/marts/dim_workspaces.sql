with workspaces as (

    select * from {{ ref('int_workspaces') }}

),

members as (

    select member as workspace_id
    from {{ ref('int_dimension_members') }}
    where dimension = 'workspace'

),

ids as (

    select workspace_id from workspaces

    union distinct

    select workspace_id from members

),

-- The vendor does not list the default workspace.
described as (

    select
        ids.workspace_id,
        workspaces.organization,
        coalesce(workspaces.workspace_name, 'Default or unlisted') as workspace_name,
        workspaces.workspace_id is not null as is_in_directory,
        workspaces.archived_at is not null as is_archived,
        workspaces.created_at,
        workspaces.archived_at
    from ids
    left join workspaces
        on ids.workspace_id = workspaces.workspace_id

    union all

    select
        {{ unattributed() }} as workspace_id,
        cast(null as {{ dbt.type_string() }}) as organization,
        'No workspace' as workspace_name,
        false as is_in_directory,
        false as is_archived,
        cast(null as {{ dbt.type_timestamp() }}) as created_at,
        cast(null as {{ dbt.type_timestamp() }}) as archived_at

)

select * from described
