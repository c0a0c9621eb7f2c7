-- GRAIN: one row per account and its id; an account that was renamed has several rows
with used as (

    select * from {{ ref('stg_github__used_accounts') }}

),

seats as (

    select * from {{ ref('stg_github__seats') }}
    where
        login_name is not null
        and account_id is not null

),

accounts as (

    select
        organization,
        account_name,
        account_id
    from used

    union distinct

    select
        organization,
        login_name as account_name,
        account_id
    from seats

),

conformed as (

    select
        {{ conformed_row('accounts', ['account_name', 'account_id', 'organization']) }}
    from accounts

)

select * from conformed
