-- GRAIN: one row per person and version; a person's versions cover all time
with people as (

    select
        *,
        {{ as_of_date() }} >= valid_from
        and {{ as_of_date() }} < valid_to as is_in_force
    from {{ ref('int_people') }}

),

members as (

    select member as email
    from {{ ref('int_dimension_members') }}
    where dimension = 'user'

),

-- A vendor may name people who are not in the roster.
strangers as (

    select members.email
    from members
    left join people
        on members.email = people.email
    where people.email is null

),

unioned as (

    select
        email as user_email,
        full_name,
        department,
        team,
        manager_email,
        cost_center,
        job_title,
        employment_type,
        ai_budget_monthly_usd,
        -- As of the version in force today, of which everybody has one.
        max(case when is_in_force then on_roster_to end)
            over (partition by email)
        > {{ as_of_date() }} as is_active,
        valid_from,
        valid_to
    from people

    union all

    select
        email as user_email,
        cast(null as {{ dbt.type_string() }}) as full_name,
        cast(null as {{ dbt.type_string() }}) as department,
        cast(null as {{ dbt.type_string() }}) as team,
        cast(null as {{ dbt.type_string() }}) as manager_email,
        cast(null as {{ dbt.type_string() }}) as cost_center,
        cast(null as {{ dbt.type_string() }}) as job_title,
        'not_on_roster' as employment_type,
        cast(null as {{ type_money() }}) as ai_budget_monthly_usd,
        false as is_active,
        {{ beginning_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to
    from strangers

    union all

    select
        {{ unattributed() }} as user_email,
        'Unattributed' as full_name,
        {{ unattributed() }} as department,
        {{ unattributed() }} as team,
        cast(null as {{ dbt.type_string() }}) as manager_email,
        {{ unattributed() }} as cost_center,
        cast(null as {{ dbt.type_string() }}) as job_title,
        {{ unattributed() }} as employment_type,
        cast(null as {{ type_money() }}) as ai_budget_monthly_usd,
        false as is_active,
        {{ beginning_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to

),

keyed as (

    select
        {{ surrogate_key(['user_email', 'valid_from']) }} as user_sk,
        user_email,
        full_name,
        department,
        team,
        manager_email,
        cost_center,
        job_title,
        employment_type,
        cast(ai_budget_monthly_usd as {{ type_money() }}) as ai_budget_monthly_usd,
        is_active,
        valid_from,
        valid_to,
        valid_to = {{ end_of_time() }} as is_current
    from unioned

)

select * from keyed
