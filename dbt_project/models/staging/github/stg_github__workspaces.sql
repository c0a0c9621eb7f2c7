{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='workspace_id',
    on_schema_change='fail',
    meta={'changes': 'stg_github__changed_days'},
) }}

-- GRAIN: one row per organization that was ever billed
{% set days = changed_days(ref('stg_github__changed_days')) %}

with billing_lines as (

    select * from {{ ref('base_github__billing_lines') }}
    where
        {{ in_days('cost_date', days) }}
        and github_organization is not null

),

organizations as (

    select
        {{ conformed_row(
            'workspaces',
            ['organization'],
            workspace_id='github_organization',
            workspace_name='github_organization',
            seen_to=end_of_time()
        ) }}
    from billing_lines
    group by organization, github_organization

)

select * from organizations
