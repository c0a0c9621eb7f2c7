{{ config(materialized='table') }}

-- GRAIN: one row per month, scope type and scope
-- The sheet's row for a person wins over the roster's amount.
with sheet as (

    select * from {{ ref('int_sheet_budgets') }}

),

roster as (

    select * from {{ ref('rollup_roster_by_month') }}
    where ai_budget_monthly_usd is not null

),

unioned as (

    select
        month,
        scope_type,
        scope,
        amount_usd as budget_usd,
        'budgets' as source
    from sheet

    union all

    select
        roster.month,
        'user' as scope_type,
        roster.user_email as scope,
        roster.ai_budget_monthly_usd as budget_usd,
        'employees' as source
    from roster
    left join sheet
        on
            roster.month = sheet.month
            and roster.user_email = sheet.scope
            and sheet.scope_type = 'user'
    where sheet.scope is null

)

select * from unioned
