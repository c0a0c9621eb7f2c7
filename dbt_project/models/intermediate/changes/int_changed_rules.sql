-- GRAIN: one row per model, rule and span of days on which the rule changed
with build_log as (

    select
        model_name,
        max(rules_through) as rules_through
    from {{ source('build', 'build_log') }}
    group by model_name

),

rules as (

    select * from {{ ref('attribution_rules_snapshot') }}

),

before as (

    select
        rules.*,
        build_log.model_name
    from build_log
    inner join rules
        on
            build_log.rules_through >= rules.dbt_valid_from
            and (
                rules.dbt_valid_to is null
                or build_log.rules_through < rules.dbt_valid_to
            )

),

after as (

    select
        rules.*,
        build_log.model_name
    from build_log
    inner join rules
        on rules.dbt_valid_to is null

),

compared as (

    select
        coalesce(after.model_name, before.model_name) as model_name,
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
        on
            before.model_name = after.model_name
            and before.rule_id = after.rule_id
    where
        before.rule_id is null
        or after.rule_id is null
        or before.content_hash != after.content_hash
        or before.valid_to != after.valid_to

)

select * from compared
