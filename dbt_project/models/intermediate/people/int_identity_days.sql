{{ config(**replaced_by_day(
    'activity_date', changes='int_changed_windows', cluster_by=['identity_key']
)) }}

-- GRAIN: one row per day and identity that used or cost something
{% set days = changed_days(ref('int_changed_windows')) %}

with costs as (

    select * from {{ ref('int_costs') }}
    where {{ in_days('cost_date', days) }}

),

usages as (

    select * from {{ ref('int_usages') }}
    where {{ in_days('usage_date', days) }}

),

unioned as (

    select
        cost_date as activity_date,
        vendor,
        identity_key,
        actor_email,
        actor_user_id,
        service_account_id,
        api_key_id,
        workspace_id,
        request_label
    from costs

    union distinct

    select
        usage_date as activity_date,
        vendor,
        identity_key,
        actor_email,
        actor_user_id,
        service_account_id,
        api_key_id,
        workspace_id,
        request_label
    from usages

)

select * from unioned
