-- GRAIN: one row per subscription to Gemini Enterprise and span in which the directory
-- shows the same values
with source as (

    {{ directory_records('google', 'gemini_enterprise_subscriptions') }}

),

renamed as (

    select
        -- ids
        record_id,
        organization as project_id,
        {{ json_text('name') }} as subscription_id,
        -- strings
        {{ json_text('state') }} as subscription_state,
        -- numerics
        coalesce({{ json_count('licenseCount') }}, 0) as seats,
        -- dates
        seen_from,
        seen_to
    from source

)

select * from renamed
