-- Each bucket of dollars or requests begins where the one before it ends. Anybody
-- between two would be in no bucket, and in no sum by bucket.
with buckets as (

    select * from {{ ref('revops_buckets') }}

),

neighbors as (

    select
        bucket_type,
        bucket_position,
        lower_bound,
        upper_bound,
        lag(upper_bound) over (
            partition by bucket_type order by bucket_position
        ) as bound_before,
        row_number() over (
            partition by bucket_type order by bucket_position
        ) as expected_position,
        count(*) over (partition by bucket_type) as classes
    from buckets

)

select * from neighbors
where
    bucket_position != expected_position
    or (bucket_position > 1 and coalesce(bound_before, -1) != lower_bound)
    or (bucket_position = classes) != (upper_bound is null)
