-- GRAIN: one row per organization, person and billing group, as last listed
with members as (

    select * from {{ ref('stg_cursor__group_members') }}
    where seen_to = {{ end_of_time() }}

),

aliases as (

    select * from {{ ref('int_attribution_rules') }}
    where rule_type = 'alias'

),

resolved as (

    select distinct
        members.organization,
        members.group_id,
        members.group_name,
        members.seen_from,
        coalesce(aliases.user_email, members.email) as user_email,
        members.group_id = 'group_unassigned' as is_without_group
    from members
    left join aliases
        on members.email = aliases.subject

)

select * from resolved
