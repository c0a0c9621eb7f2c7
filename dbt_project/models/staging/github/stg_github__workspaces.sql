-- GRAIN: one row per organization that is billed
with billing_lines as (

    select * from {{ ref('base_github__billing_lines') }}
    where github_organization is not null

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
