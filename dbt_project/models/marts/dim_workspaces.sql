-- What two vendors call the same, such as an organization of GitHub and a project of
-- Google, is one row with both names.
with workspaces as (

    select
        workspace_id,
        case when count(distinct organization) = 1 then min(organization) end
            as organization,
        string_agg(distinct workspace_name, ' / ' order by workspace_name)
            as workspace_name,
        min(created_at) as created_at,
        case when count(archived_at) = count(*) then max(archived_at) end
            as archived_at
    from {{ ref('int_workspaces') }}
    group by workspace_id

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

-- Lists that landed with earlier versions lack Anthropic's default workspace.
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
