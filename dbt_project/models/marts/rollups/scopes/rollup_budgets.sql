{{ config(materialized='table') }}

-- GRAIN: one row per month, scope type and scope
-- The sheet's row for a person comes before the roster's amount; of two rows for the
-- same the lower one on the sheet counts.
with sheet as (

    select * from {{ ref('stg_google_sheets__budgets') }}
    where
        seen_to = {{ end_of_time() }}
        and scope_type is not null
        and month is not null
        and amount_usd is not null

),

aliases as (

    select * from {{ ref('int_attribution_rules') }}
    where rule_type = 'alias'

),

roster as (

    select * from {{ ref('rollup_roster_by_month') }}
    where ai_budget_monthly_usd is not null

),

named as (

    select
        sheet.scope_type,
        sheet.sheet_row,
        sheet.amount_usd,
        cast(concat(sheet.month, '-01') as date) as month,
        case sheet.scope_type
            when 'company' then 'company'
            when 'user' then coalesce(aliases.user_email, lower(sheet.scope))
            else sheet.scope
        end as scope
    from sheet
    left join aliases
        on lower(sheet.scope) = aliases.subject

),

newest as (

    select
        month,
        scope_type,
        scope,
        amount_usd
    from named
    where scope is not null
    qualify row_number() over (
        partition by month, scope_type, scope order by sheet_row desc
    ) = 1

),

unioned as (

    select
        month,
        scope_type,
        scope,
        amount_usd as budget_usd,
        'budgets' as source
    from newest

    union all

    select
        roster.month,
        'user' as scope_type,
        roster.user_email as scope,
        roster.ai_budget_monthly_usd as budget_usd,
        'employees' as source
    from roster
    left join newest
        on
            roster.month = newest.month
            and roster.user_email = newest.scope
            and newest.scope_type = 'user'
    where newest.scope is null

)

select * from unioned
