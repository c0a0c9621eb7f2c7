{{ config(materialized='table') }}

-- GRAIN: one row per reason and day that has to be built again
with changed_windows as (

    select * from {{ ref('int_changed_windows') }}

),

changed_rules as (

    select * from {{ ref('int_changed_rules') }}
    where rule_type != 'seat'

),

attributions as (

    select * from {{ ref('int_attributions') }}
    where {{ within_changes('activity_date', ref('int_changed_identities')) }}

),

-- Everything that a rule can be about, for each day.
subjects as (

    select
        activity_date,
        actor_email as subject
    from attributions

    union all

    select
        activity_date,
        actor_user_id as subject
    from attributions

    union all

    select
        activity_date,
        service_account_id as subject
    from attributions

    union all

    select
        activity_date,
        api_key_id as subject
    from attributions

    union all

    select
        activity_date,
        workspace_id as subject
    from attributions

    union all

    select
        activity_date,
        named_email as subject
    from attributions

    union all

    select
        activity_date,
        user_email as subject
    from attributions

),

named_days as (

    select
        subjects.activity_date as changed_date,
        changed_rules.rule_type || ' changed' as reason
    from changed_rules
    inner join subjects
        on
            changed_rules.subject = subjects.subject
            and changed_rules.changed_from <= subjects.activity_date
            and changed_rules.changed_to > subjects.activity_date

),

unioned as (

    select * from changed_windows

    union all

    select * from named_days

),

deduplicated as (

    select distinct
        changed_date,
        reason
    from unioned

)

select * from deduplicated
