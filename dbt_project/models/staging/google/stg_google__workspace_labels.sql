{{ config(**replaced_by_day(
    'label_date', changes='stg_google__changed_days', cluster_by=['workspace_id']
)) }}

-- GRAIN: one row per project and day of usage
-- A row has the labels that its project had at the time of the usage. Taxes are
-- billed later, and say nothing about the day.
{% set days = changed_days(ref('stg_google__changed_days')) %}

with billing_rows as (

    select * from {{ ref('base_google__billing_rows') }}
    where
        {{ in_days('usage_date', days) }}
        and project_id is not null
        and cost_type = 'regular'

),

newest as (

    select *
    from billing_rows
    qualify row_number() over (
        partition by project_id, usage_date
        order by export_date desc, load_id desc, record_id desc
    ) = 1

),

conformed as (

    select
        {{ conformed_row(
            'workspace_labels',
            ['organization'],
            workspace_id='project_id',
            label_date='usage_date',
            workspace_label='project_label'
        ) }}
    from newest

)

select * from conformed
