-- GRAIN: one row per day, organization, SKU and repository that is not Copilot's
-- Part of what Copilot costs may be among them: its code reviews run on minutes of
-- Actions, and these lines do not say which of the minutes are theirs.
with charges as (

    select * from {{ ref('stg_github__current_charges') }}
    where not is_counted

),

summed as (

    select
        cost_date,
        organization,
        github_organization,
        github_product,
        sku,
        repository,
        unit_type,
        sum(quantity) as quantity,
        cast(sum(billed_cost_usd) as {{ type_money() }}) as billed_cost_usd
    from charges
    group by
        cost_date,
        organization,
        github_organization,
        github_product,
        sku,
        repository,
        unit_type

)

select * from summed
