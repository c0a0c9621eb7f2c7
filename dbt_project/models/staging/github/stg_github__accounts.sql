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

identities as (

    select * from {{ ref('stg_github__saml_identities') }}

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

    union distinct

    select
        organization,
        login_name as account_name,
        account_id
    from identities
    where login_name is not null

),

conformed as (

    select
        {{ conformed_row(
            'accounts',
            [
                'accounts.account_name', 'accounts.account_id', 'accounts.organization',
                'identities.email',
            ]
        ) }}
    from accounts
    left join identities
        on accounts.account_id = identities.account_id

)

select * from conformed
