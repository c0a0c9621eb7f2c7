{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    on_schema_change='fail',
    meta={'day_column': 'activity_date', 'changes': 'int_changed_windows'},
    post_hook="{{ log_build() }}",
) }}

-- GRAIN: one row per day and identity that used or cost something
{% set days = changed_days(ref('int_changed_windows')) %}

with costs as (

    select * from {{ ref('int_costs') }}
    {% if is_incremental() %}
        where cost_date in {{ days }}
    {% endif %}

),

usages as (

    select * from {{ ref('int_usages') }}
    {% if is_incremental() %}
        where usage_date in {{ days }}
    {% endif %}

),

unioned as (

    select
        cost_date as activity_date,
        identity_key,
        actor_email,
        actor_user_id,
        service_account_id,
        api_key_id,
        workspace_id
    from costs

    union distinct

    select
        usage_date as activity_date,
        identity_key,
        actor_email,
        actor_user_id,
        service_account_id,
        api_key_id,
        workspace_id
    from usages

)

select * from unioned
