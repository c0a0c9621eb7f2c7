{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    meta={'changes': 'int_changed_days'},
    post_hook="{{ log_build() }}",
) }}

-- GRAIN: one row per dimension and member that a fact has ever named
{% set days = changed_days(ref('int_changed_days')) %}

with attributions as (

    select * from {{ ref('int_attributions') }}
    {% if is_incremental() %}
        where activity_date in {{ days }}
    {% endif %}

),

costs as (

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

),

named as (

    select
        dimension,
        member
    from members
    where member is not null
    {% if is_incremental() %}
        and not exists (
            select 1
            from {{ this }} as known
            where
                known.dimension = members.dimension
                and known.member = members.member
        )
    {% endif %}

)

select * from named
