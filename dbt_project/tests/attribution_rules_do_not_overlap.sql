-- On a day there is one span of a type for a subject, with one row for each of its
-- parts: a join by subject, day and part cannot fan out.
with spans as (

    select distinct
        rule_type,
        subject,
        valid_from,
        valid_to
    from {{ ref('int_attribution_rules') }}

),

followed as (

    select
        *,
        lead(valid_from) over (
            partition by rule_type, subject order by valid_from
        ) as next_valid_from
    from spans

),

overlapping as (

    select * from followed
    where valid_to > next_valid_from

)

select * from overlapping
