-- A subject has at most one rule of a type on a day, so a join by both cannot fan out.
with rules as (

    select
        rule_type,
        subject,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by rule_type, subject order by valid_from
        ) as next_valid_from
    from {{ ref('int_attribution_rules') }}

),

overlapping as (

    select * from rules
    where valid_to > next_valid_from

)

select * from overlapping
