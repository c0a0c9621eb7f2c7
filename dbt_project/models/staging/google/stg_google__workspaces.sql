{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='workspace_id',
    on_schema_change='fail',
    meta={'changes': 'stg_google__changed_days'},
) }}

-- GRAIN: one row per project, as last exported
{% set days = changed_days(ref('stg_google__changed_days')) %}

with billing_rows as (

    select * from {{ ref('base_google__billing_rows') }}
    where
        {{ in_days('usage_date', days) }}
        and project_id is not null

),

projects as (

    select
        project_id as workspace_id,
        organization,
        export_date as seen_on,
        record_id,
        coalesce(project_name, project_id) as workspace_name
    from billing_rows

    {% if is_incremental() %}
        union all

        select
            workspace_id,
            organization,
            seen_on,
            '' as record_id,
            workspace_name
        from {{ this }}
    {% endif %}

),

newest as (

    select
        workspace_id,
        organization,
        workspace_name,
        seen_on
    from projects
    qualify row_number() over (
        partition by workspace_id order by seen_on desc, record_id desc
    ) = 1

),

conformed as (

    select
        {{ conformed_row(
            'workspaces',
            ['workspace_id', 'organization', 'workspace_name'],
            seen_to=end_of_time()
        ) }},
        seen_on
    from newest

)

select * from conformed
