{{ config(
    require_partition_filter=true,
    **replaced_by_day(
        'usage_date', changes='int_changed_days', cluster_by=['platform_code', 'user_email']
    )
) }}

{% set days = changed_days(ref('int_changed_days')) %}
{% set measures = [
    'sessions', 'requests', 'uncached_input_tokens', 'cache_read_tokens',
    'cache_write_5m_tokens', 'cache_write_1h_tokens', 'output_tokens', 'total_tokens',
    'messages', 'lines_suggested', 'lines_accepted', 'suggestions_shown',
    'suggestions_accepted', 'commits', 'pull_requests', 'artifacts', 'projects', 'files',
    'searches', 'mode_requests', 'suggested_lines_accepted',
] %}

with usages as (

    select
        *,
        {{ total_of(token_columns()) }} as total_tokens,
        case when lines_suggested is not null then lines_accepted end
            as suggested_lines_accepted
    from {{ ref('int_usages') }}
    where {{ in_days('usage_date', days) }}

),

attributions as (

    select * from {{ ref('int_attributions') }}
    where {{ in_days('activity_date', days) }}

),

users as (

    select * from {{ ref('dim_users') }}

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

attributed as (

    select
        usages.*,
        users.user_sk,
        users.user_email,
        users.department,
        users.team,
        case
            when attributions.user_email is null
                then coalesce(attributions.mapped_cost_center, users.cost_center)
            else users.cost_center
        end as cost_center,
        attributions.service_account_id as attributed_service_account_id,
        {{ usage_category(
            'platforms.platform_code', 'platforms.category', 'attributions.purpose'
        ) }} as usage_category,
        attributions.attribution_method,
        attributions.attribution_confidence
    from usages
    inner join attributions
        on
            usages.usage_date = attributions.activity_date
            and usages.identity_key = attributions.identity_key
    inner join users
        on
            coalesce(attributions.user_email, {{ unattributed() }}) = users.user_email
            and usages.usage_date >= users.valid_from
            and usages.usage_date < users.valid_to
    inner join platforms
        on usages.platform_code = platforms.platform_code

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
        coalesce(api_key_id, {{ unattributed() }}) as api_key_id,
        coalesce(workspace_id, {{ unattributed() }}) as workspace_id,
        attributed_service_account_id as service_account_id,
        product,
        coalesce(model, {{ unattributed() }}) as model,
        usage_category,
        service_tier,
        usage_type,
        attribution_method,
        attribution_confidence,
        source,
    {% for measure in measures -%}
        cast(sum({{ measure }}) as int64) as {{ measure }}
        {{- "," if not loop.last }}
    {% endfor %}
    from attributed
    group by all

)

select * from summed
