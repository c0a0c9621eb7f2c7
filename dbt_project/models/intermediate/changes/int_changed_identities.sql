{{ config(materialized='table') }}

-- GRAIN: one row per identity and span of days that a changed rule may affect
with changed_rules as (

    select * from {{ ref('int_changed_rules') }}
    where rule_type != 'seat'

),

identities as (

    select * from {{ ref('int_identities') }}

),

-- A rule leads from its subject to a person or a service account, even if it is no
-- longer valid. A change of the person or the account therefore affects the subject
-- too.
links as (

    select distinct
        subject,
        coalesce(user_email, service_account_id) as leads_to
    from {{ ref('attribution_rules_snapshot') }}
    where
        rule_type not in ('seat', 'person')
        and coalesce(user_email, service_account_id) is not null

),

named as (

    select distinct
        subject,
        changed_from,
        changed_to
    from changed_rules

),

-- From a person to the aliases and keys that lead there,
one_step as (

    select * from named

    union distinct

    select
        links.subject,
        named.changed_from,
        named.changed_to
    from named
    inner join links
        on named.subject = links.leads_to

),

-- and from an alias to the keys.
two_steps as (

    select * from one_step

    union distinct

    select
        links.subject,
        one_step.changed_from,
        one_step.changed_to
    from one_step
    inner join links
        on one_step.subject = links.leads_to

),

subjects as (

    {% for subject in subjects_of_identity() %}
        select
            identity_key,
            first_date,
            last_date,
            {{ subject }} as subject
        from identities
        {{ "union all" if not loop.last }}
    {% endfor %}

),

touched as (

    select distinct
        subjects.identity_key,
        greatest(two_steps.changed_from, subjects.first_date) as changed_from,
        least(two_steps.changed_to, {{ add_days('subjects.last_date', 1) }})
            as changed_to
    from two_steps
    inner join subjects
        on
            two_steps.subject = subjects.subject
            and two_steps.changed_from <= subjects.last_date
            and two_steps.changed_to > subjects.first_date

)

select * from touched
