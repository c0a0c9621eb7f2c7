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

    {% for subject in subjects_of_identity() + ['named_email', 'user_email'] %}
        select
            activity_date,
            {{ subject }} as subject
        from attributions
        {{ "union all" if not loop.last }}
    {% endfor %}

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
