-- OpenAI's costs by key or user are the same dollars as its costs by project. Where
-- they are not, the day counts by key, as it was reported last: ask OpenAI, or land the
-- days again.
{{ config(severity='warn', store_failures=true) }}

with costs as (

    select * from {{ ref('base_openai__costs') }}
    where cost_date >= {{ tested_since('int_costs') }}

),

windows as (

    select * from {{ ref('stg_windows') }}
    where
        source_name = 'openai'
        and resource in ('costs', 'costs_by_identity')

),

reported as (

    select
        windows.organization,
        windows.window_start as cost_date,
        count(distinct windows.resource) as reports,
        coalesce(
            sum(case costs.resource when 'costs' then costs.billed_cost_usd end), 0
        ) as by_project_usd,
        coalesce(
            sum(
                case costs.resource
                    when 'costs_by_identity' then costs.billed_cost_usd
                end
            ),
            0
        ) as by_identity_usd
    from windows
    left join costs
        on
            windows.resource = costs.resource
            and windows.organization = costs.organization
            and windows.window_start = costs.cost_date
            and windows.load_id = costs.load_id
    where windows.window_start >= {{ tested_since('int_costs') }}
    group by windows.organization, windows.window_start

),

different as (

    select
        organization,
        cost_date,
        by_project_usd,
        by_identity_usd
    from reported
    where
        reports = 2
        and by_project_usd != by_identity_usd

)

select * from different
