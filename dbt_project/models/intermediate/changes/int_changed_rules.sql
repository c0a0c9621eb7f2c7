-- GRAIN: one row per rule and span of days for which the rule changed
-- Also what a rule said meanwhile counts, even if it says the same as before again: a
-- run that did not complete may have built its days.
with last_run as (

    {{ last_completed_run() }}

),

rules as (

    select * from {{ ref('attribution_rules_snapshot') }}

),

before as (

    select rules.*
    from last_run
    inner join rules
        on
            last_run.rules_through >= rules.dbt_valid_from
            and (
                rules.dbt_valid_to is null
                or last_run.rules_through < rules.dbt_valid_to
            )

),

after as (

    select rules.*
    from last_run
    inner join rules
        on rules.dbt_valid_to is null

),

compared as (

    select
        coalesce(after.rule_type, before.rule_type) as rule_type,
        coalesce(after.subject, before.subject) as subject,
        case
            when
                after.content_hash = before.content_hash
                then least(after.valid_to, before.valid_to)
            else coalesce(after.valid_from, before.valid_from)
        end as changed_from,
        greatest(
            coalesce(after.valid_to, before.valid_to),
            coalesce(before.valid_to, after.valid_to)
        ) as changed_to
    from before
    full outer join after
        on before.rule_id = after.rule_id
    where
        before.rule_id is null
        or after.rule_id is null
        or before.content_hash != after.content_hash
        or before.valid_to != after.valid_to

),

meanwhile as (

    select rules.*
    from last_run
    inner join rules
        on last_run.rules_through < rules.dbt_valid_from
    where rules.dbt_valid_to is not null

),

changed as (

    select
        rule_type,
        subject,
        changed_from,
        changed_to
    from compared

    union all

    select
        rule_type,
        subject,
        valid_from as changed_from,
        valid_to as changed_to
    from meanwhile

),

-- The parts of a shared key change together.
summed as (

    select
        rule_type,
        subject,
        changed_from,
        max(changed_to) as changed_to
    from changed
    group by rule_type, subject, changed_from

)

select * from summed
