with users as (

    select * from {{ ref('dim_users') }}

),

renamed as (

    select
        {{ number_of_key('user_sk') }} as user_sk,
        user_email,
        cast(null as {{ dbt.type_string() }}) as user_id,
        cast(null as {{ dbt.type_string() }}) as employee_id,
        cast(null as {{ dbt.type_string() }}) as first_name,
        cast(null as {{ dbt.type_string() }}) as last_name,
        full_name,
        cast(null as {{ dbt.type_string() }}) as display_name,
        cast(null as {{ dbt.type_string() }}) as preferred_name,
        department,
        cast(null as {{ dbt.type_string() }}) as department_code,
        team,
        cast(null as {{ dbt.type_string() }}) as sub_team,
        manager_email,
        cast(null as {{ dbt.type_string() }}) as director_email,
        cost_center,
        job_title,
        cast(null as {{ dbt.type_string() }}) as seniority_level,
        employment_type,
        -- A keyword, but the older design's name.
        cast(null as {{ dbt.type_string() }}) as location,  -- noqa: RF04
        cast(null as {{ dbt.type_string() }}) as timezone,
        {{ to_float('ai_budget_monthly_usd') }} as ai_budget_monthly_usd,
        is_active,
        cast(null as date) as start_date,
        cast(null as date) as end_date,
        cast(null as date) as last_activity_date,
        valid_from as effective_date,
        valid_to as expiration_date,
        is_current,
        cast(null as timestamp) as created_timestamp,
        cast(null as timestamp) as updated_timestamp,
        cast(null as {{ dbt.type_string() }}) as data_source
    from users

)

select * from renamed
