{{ config(
    require_partition_filter=true,
    **replaced_by_day(
        'usage_date', changes='int_changed_days',
        cluster_by=['platform_code', 'user_email'], needs_memory=true
    )
) }}

{% set days = changed_days(ref('int_changed_days')) %}
{% set counts = [
    'sessions', 'requests', 'uncached_input_tokens', 'cache_read_tokens',
    'cache_write_5m_tokens', 'cache_write_1h_tokens', 'output_tokens', 'total_tokens',
    'messages', 'lines_suggested', 'lines_accepted', 'suggestions_shown',
    'suggestions_accepted', 'commits', 'pull_requests', 'artifacts', 'projects', 'files',
    'searches', 'mode_requests', 'suggested_lines_accepted',
] %}
{% set measures = usage_measures() %}

with usages as (

    select * from {{ ref('int_usages') }}
    where {{ in_days('usage_date', days) }}

),

attributions as (

    select * from {{ ref('bridge_attributions') }}
    where {{ in_days('activity_date', days) }}

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

attributed as (

    select
        usages.usage_date,
        usages.platform_code,
        usages.vendor,
        usages.organization,
        attributions.user_sk,
        attributions.user_email,
        attributions.department,
        attributions.team,
        attributions.cost_center,
        coalesce(usages.api_key_id, {{ unattributed() }}) as api_key_id,
        coalesce(usages.workspace_id, {{ unattributed() }}) as workspace_id,
        attributions.service_account_id,
        usages.product,
        coalesce(usages.model, {{ unattributed() }}) as model,
        {{ usage_category('platforms.category', 'attributions.purpose_category') }}
            as usage_category,
        usages.service_tier,
        usages.usage_type,
        attributions.attribution_method,
        attributions.attribution_confidence,
        attributions.is_attributed,
        usages.source,
    {% for measure in measures -%}
        {{ part_of_count('usages.' ~ measure, 'attributions') }} as {{ measure }}
        {{- "," if not loop.last }}
    {% endfor %}
    from usages
    inner join attributions
        on
            usages.usage_date = attributions.activity_date
            and usages.identity_key = attributions.identity_key
    inner join platforms
        on usages.platform_code = platforms.platform_code

),

-- Totals of the parts, as the parts of a total would not add up to it.
totaled as (

    select
        *,
        {{ total_of(token_columns()) }} as total_tokens,
        case when lines_suggested is not null then lines_accepted end
            as suggested_lines_accepted
    from attributed

),

summed as (

    select
        usage_date,
        platform_code,
        vendor,
        organization,
        user_sk,
        user_email,
        department,
        team,
        cost_center,
        api_key_id,
        workspace_id,
        service_account_id,
        product,
        model,
        usage_category,
        service_tier,
        usage_type,
        attribution_method,
        attribution_confidence,
        is_attributed,
        source,
    {% for count in counts -%}
        cast(sum({{ count }}) as int64) as {{ count }}
        {{- "," if not loop.last }}
    {% endfor %}
    from totaled
    group by all

)

select * from summed
