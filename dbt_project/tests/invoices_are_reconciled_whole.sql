-- Everything that the sheet says was invoiced is in the reconciliation, to the last
-- digit.
with invoiced as (

    select coalesce(sum(amount_usd), 0) as amount_usd
    from {{ ref('int_invoices') }}
    where is_counted

),

held as (

    select coalesce(sum(invoiced_usd), 0) as amount_usd
    from {{ ref('fct_cost_reconciliation') }}

),

different as (

    select
        invoiced.amount_usd as invoiced_usd,
        held.amount_usd as held_usd
    from invoiced
    cross join held
    where invoiced.amount_usd != held.amount_usd

)

select * from different
