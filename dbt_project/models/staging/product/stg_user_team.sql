with source as (

    {{ newest_product_snapshot('team_members') }}

),

renamed as (

    select
        -- ids
        cast(user_id as {{ dbt.type_string() }}) as user_id,
        cast(team_id as {{ dbt.type_string() }}) as team_id,
        -- strings
        {{ clean_email('email') }} as email,
        -- dates
        cast(joined_at as date) as joined_date,
        cast(left_at as date) as left_date
    from source

)

select * from renamed
