{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['dimension', 'member'],
    on_schema_change='fail',
    meta={'changes': 'int_changed_days'},
) }}

-- GRAIN: one row per dimension and member that a fact has ever named
{% set days = changed_days(ref('int_changed_days')) %}

with attributions as (

    select * from {{ ref('int_attributions') }}
    where {{ in_days('activity_date', days) }}

),

costs as (

    select * from {{ ref('int_costs') }}
    where {{ in_days('cost_date', days) }}

),

usages as (

    select * from {{ ref('int_usages') }}
    where {{ in_days('usage_date', days) }}

),

members as (

    select
        'user' as dimension,
        user_email as member
    from attributions

    union distinct

    select
        'api_key' as dimension,
        api_key_id as member
    from attributions

    union distinct

    select
        'workspace' as dimension,
        workspace_id as member
    from attributions

    union distinct

    select
        'model' as dimension,
        model as member
    from costs

    union distinct

    select
        'model' as dimension,
        model as member
    from usages

    union distinct

    select
        'platform' as dimension,
        platform_code as member
    from costs

    union distinct

    select
        'platform' as dimension,
        platform_code as member
    from usages

),

named as (

    select
        dimension,
        member
    from members
    where member is not null

)

select * from named
