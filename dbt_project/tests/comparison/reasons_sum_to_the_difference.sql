-- Every dollar and every token of a difference has exactly one reason.
with sides as (

    select * from {{ ref('comparison_sides') }}
    where scope = 'compared'

),

reasons as (

    select
        measure,
        activity_date,
        platform_code,
        user_email,
        sum(amount) as amount
    from {{ ref('comparison_differences') }}
    group by measure, activity_date, platform_code, user_email

),

different as (

    select
        sides.measure,
        sides.activity_date,
        sides.platform_code,
        sides.user_email,
        sides.older_amount - sides.marts_amount as difference,
        coalesce(reasons.amount, 0) as amount
    from sides
    left join reasons
        on
            sides.measure = reasons.measure
            and sides.activity_date = reasons.activity_date
            and sides.platform_code = reasons.platform_code
            and sides.user_email = reasons.user_email
    where sides.older_amount - sides.marts_amount != coalesce(reasons.amount, 0)

)

select * from different
