{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='identity_key',
    on_schema_change='fail',
    meta={'changes': 'int_changed_windows'},
) }}

-- GRAIN: one row per identity, with the span of days on which it showed
{% set days = changed_days(ref('int_changed_windows')) %}

with identity_days as (

    select * from {{ ref('int_identity_days') }}
    where {{ in_days('activity_date', days) }}

),

spans as (

    select
        identity_key,
        vendor,
        actor_email,
        actor_user_id,
        service_account_id,
        api_key_id,
        workspace_id,
        request_label,
        min(activity_date) as first_date,
        max(activity_date) as last_date
    from identity_days
    group by all

),

{% if is_incremental() %}
known as (

    select * from {{ this }}

),

{% endif %}
widened as (

    select
        spans.identity_key,
        spans.vendor,
        spans.actor_email,
        spans.actor_user_id,
        spans.service_account_id,
        spans.api_key_id,
        spans.workspace_id,
        spans.request_label,
    {% if is_incremental() -%}
        least(spans.first_date, coalesce(known.first_date, spans.first_date))
            as first_date,
        greatest(spans.last_date, coalesce(known.last_date, spans.last_date))
            as last_date
    from spans
    left join known
        on spans.identity_key = known.identity_key
    {%- else -%}
        spans.first_date,
        spans.last_date
    from spans
    {%- endif %}

)

select * from widened
