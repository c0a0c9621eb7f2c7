{{ config(**replaced_by_day(
    'usage_date', changes='int_changed_windows', cluster_by=['platform_code', 'organization']
)) }}

-- GRAIN: one row per day, organization, platform, identity, workspace, product, model,
-- service tier, usage type and source
{% set days = changed_days(ref('int_changed_windows')) %}
{% set measures = usage_measures() %}

with usage_rows as (

    {{ all_vendors('usage_rows', in_days('usage_date', days)) }}

),

summed as (

    select
        usage_date,
        organization,
        vendor,
        platform_code,
        {{ identity_key() }} as identity_key,
        actor_email,
        actor_user_id,
        service_account_id,
        api_key_id,
        workspace_id,
        request_label,
        product,
        model,
        service_tier,
        usage_type,
        source,
    {% for measure in measures -%}
        cast(sum({{ measure }}) as int64) as {{ measure }}
        {{- "," if not loop.last }}
    {% endfor %}
    from usage_rows
    group by
        usage_date,
        organization,
        vendor,
        platform_code,
        actor_email,
        actor_user_id,
        service_account_id,
        api_key_id,
        workspace_id,
        request_label,
        product,
        model,
        service_tier,
        usage_type,
        source

),

-- Inactive members have rows with only zeros.
active as (

    select * from summed
    where
        {% for measure in measures -%}
            {{ "or " if not loop.first }}{{ measure }} != 0
        {% endfor %}

)

select * from active
