-- GRAIN: one row per month, scope type and scope
-- If the sheet has two rows for the same scope and month, the lower one counts.
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

)

select * from newest
