-- GRAIN: one row per day (UTC), organization, platform, identity, and date and hour on
-- the company's clock
with usage_times as (

    {{ all_vendors('usage_times') }}

),

located as (

    select
        usage_date,
        organization,
        vendor,
        platform_code,
        {{ identity_key() }} as identity_key,
        {{ local_time('occurred_at', var('company_time_zone')) }} as local_at
    from usage_times

),

hours as (

    select
        usage_date,
        organization,
        vendor,
        platform_code,
        identity_key,
        cast(local_at as date) as local_date,
        cast(extract(hour from local_at) as int64) as local_hour
    from located

),

counted as (

    select
        usage_date,
        organization,
        vendor,
        platform_code,
        identity_key,
        local_date,
        local_hour,
        count(*) as requests
    from hours
    group by
        usage_date,
        organization,
        vendor,
        platform_code,
        identity_key,
        local_date,
        local_hour

)

select * from counted
