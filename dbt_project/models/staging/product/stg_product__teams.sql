with source as (

    {{ newest_product_snapshot('teams') }}

),

renamed as (

    select
        -- ids
        cast(id as {{ dbt.type_string() }}) as team_id,
        {{ salesforce_id('sf_subscription_id') }} as subscription_id,
        -- strings
        {{ clean_text('name') }} as team_name,
        {{ clean_text('membership_type') }} as membership_type,
        {{ clean_text('sf_subscription_id') }} as recorded_subscription_id,
        -- numerics
        cast(seats as int64) as seats,
        -- booleans
        coalesce(is_enterprise, false) as is_enterprise
    from source

)

select * from renamed
