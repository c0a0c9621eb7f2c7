-- GRAIN: one row per service account that was ever listed, or named by a key
with listed as (

    {{ directory_records('openai', 'service_accounts') }}

),

keys as (

    {{ directory_records('openai', 'project_api_keys') }}

),

named as (

    select
        organization,
        {{ json_text('id') }} as service_account_id
    from listed

    union distinct

    select
        organization,
        {{ json_text('owner.service_account.id') }} as service_account_id
    from keys

)

select * from named
where service_account_id is not null
