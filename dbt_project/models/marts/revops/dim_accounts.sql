with accounts as (

    select * from {{ ref('int_revops_accounts') }}

),

-- Teams that no subscription leads to are somebody's too.
unattributed as (

    select
        {{ unattributed() }} as account_id,
        {{ unattributed() }} as account_name,
        cast(null as {{ dbt.type_string() }}) as logo_url,
        cast(null as int64) as software_engineers,
        cast(null as int64) as employees,
        cast(null as {{ dbt.type_string() }}) as owner_name,
        cast(null as {{ dbt.type_string() }}) as owner_manager_name,
        cast(null as {{ dbt.type_string() }}) as technical_account_manager_name,
        false as is_deleted

),

members as (

    select
        account_id,
        account_name,
        logo_url,
        software_engineers,
        employees,
        owner_name,
        owner_manager_name,
        technical_account_manager_name,
        is_deleted
    from accounts

    union all

    select * from unattributed

)

select * from members
