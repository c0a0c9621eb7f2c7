-- GRAIN: one row per rule and span of days for which the rule changed
-- Each step since the last completed run counts, even if a rule says again what it said
-- before: a run that did not complete may have built the days of any of them.
with last_run as (

    {{ last_completed_run() }}

),

rules as (

    select * from {{ ref('attribution_rules_snapshot') }}

),

-- In force at the last run or since then. A version that ends when the next one begins
-- was rewritten; otherwise the rule was gone for a while.
versions as (

    select
        rules.*,
        last_run.rules_through < rules.dbt_valid_from as is_new,
        lag(rules.dbt_valid_to) over (
            partition by rules.rule_id order by rules.dbt_valid_from
        ) as previous_ended_at,
        lag(rules.content_hash) over (
            partition by rules.rule_id order by rules.dbt_valid_from
        ) as previous_content_hash,
        lag(rules.valid_to) over (
            partition by rules.rule_id order by rules.dbt_valid_from
        ) as previous_valid_to,
        lead(rules.dbt_valid_from) over (
            partition by rules.rule_id order by rules.dbt_valid_from
        ) as next_began_at
    from last_run
    inner join rules
        on
            rules.dbt_valid_to is null
            or last_run.rules_through < rules.dbt_valid_to

),

rewritten as (

    select
        rule_type,
        subject,
        case
            when content_hash = previous_content_hash
                then least(valid_to, previous_valid_to)
            else valid_from
        end as changed_from,
        greatest(valid_to, previous_valid_to) as changed_to
    from versions
    where
        is_new
        and previous_ended_at = dbt_valid_from

),

added_or_removed as (

    select
        rule_type,
        subject,
        valid_from as changed_from,
        valid_to as changed_to
    from versions
    where
        (
            is_new
            and (previous_ended_at is null or previous_ended_at != dbt_valid_from)
        )
        or (
            dbt_valid_to is not null
            and (next_began_at is null or next_began_at != dbt_valid_to)
        )

),

unioned as (

    select * from rewritten

    union all

    select * from added_or_removed

),

-- The parts of a shared key change together.
summed as (

    select
        rule_type,
        subject,
        changed_from,
        max(changed_to) as changed_to
    from unioned
    group by rule_type, subject, changed_from

)

select * from summed
