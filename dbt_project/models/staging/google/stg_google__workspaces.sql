-- GRAIN: one row per project, as last exported
with source as (

    select * from {{ source('raw_google', 'billing_export') }}

),

renamed as (

    select
        organization,
        {{ clean_text(json_text('project.id')) }} as project_id,
        {{ clean_text(json_text('project.name')) }} as project_name,
        window_start as seen_on,
        extracted_at,
        _dlt_id as record_id
    from source

),

newest as (

    select
        project_id as workspace_id,
        organization,
        coalesce(project_name, project_id) as workspace_name,
        {{ end_of_time() }} as seen_to,
        cast(null as {{ dbt.type_timestamp() }}) as created_at,
        cast(null as {{ dbt.type_timestamp() }}) as archived_at
    from renamed
    where project_id is not null
    qualify row_number() over (
        partition by project_id
        order by seen_on desc, extracted_at desc, record_id desc
    ) = 1

)

select * from newest
