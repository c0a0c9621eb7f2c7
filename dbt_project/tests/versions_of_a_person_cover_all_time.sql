-- Each person has exactly one version on each day: no past is lost, and no day counts
-- twice.
with versions as (

    select
        email,
        valid_from,
        valid_to,
        coalesce(
            lag(valid_to) over (partition by email order by valid_from, valid_to),
            {{ beginning_of_time() }}
        ) as expected_from,
        lead(valid_from) over (
            partition by email order by valid_from, valid_to
        ) as next_valid_from
    from {{ ref('int_people') }}

),

broken as (

    select * from versions
    where
        valid_from != expected_from
        or (
            next_valid_from is null
            and valid_to != {{ end_of_time() }}
        )

)

select * from broken
