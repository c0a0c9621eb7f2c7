-- Accounts with the names of the people who look after them.
with accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

users as (

    select * from {{ ref('stg_salesforce__users') }}

),

named as (

    select
        accounts.account_id,
        accounts.logo_url,
        accounts.software_engineers,
        accounts.employees,
        owners.full_name as owner_name,
        managers.full_name as owner_manager_name,
        technical_managers.full_name as technical_account_manager_name,
        accounts.is_deleted,
        coalesce(accounts.account_name, accounts.account_id) as account_name
    from accounts
    left join users as owners
        on accounts.owner_id = owners.salesforce_user_id
    left join users as managers
        on owners.manager_id = managers.salesforce_user_id
    left join users as technical_managers
        on
            accounts.technical_account_manager_id
            = technical_managers.salesforce_user_id

)

select * from named
