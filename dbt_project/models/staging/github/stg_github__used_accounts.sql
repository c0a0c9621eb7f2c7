{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['organization', 'account_name', 'account_id'],
    on_schema_change='fail',
    meta={'changes': 'stg_github__changed_days'},
) }}

-- GRAIN: one row per account_name that was used, and its id
{% set days = changed_days(ref('stg_github__changed_days')) %}

with user_days as (

    select * from {{ ref('stg_github__user_days') }}
    where {{ in_days('usage_date', days) }}

),

used as (

    select distinct
        organization,
        login_name as account_name,
        account_id
    from user_days
    where
        login_name is not null
        and account_id is not null

)

select * from used
