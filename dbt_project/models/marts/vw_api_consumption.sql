{{ config(**replaced_by_day(
    'usage_date', changes='int_changed_days', cluster_by=['platform_code', 'api_key_id']
)) }}

-- INVARIANT: costs, tokens and requests sum to those of the facts over the same scope
-- (tests/api_consumption_ties_to_the_facts.sql)
{% set days = changed_days(ref('int_changed_days')) %}
{% set grain = [
    'usage_date', 'platform_code', 'vendor', 'organization', 'api_key_id',
    'workspace_id', 'model', 'token_type',
] %}
{% set measures = {
    'tokens': 'int64',
    'cache_measured_input_tokens': 'int64',
    'tiered_tokens': 'int64',
    'batch_tokens': 'int64',
    'priority_tokens': 'int64',
    'requests': 'int64',
    'list_cost_usd': type_money(),
    'billed_cost_usd': type_money(),
    'effective_cost_usd': type_money(),
    'unattributed_cost_usd': type_money(),
} %}

with costs as (

    select
        *,
        case when is_attributed then 0 else effective_cost_usd end
            as unattributed_cost_usd
    from {{ ref('fct_cost_daily') }}
    where
        {{ in_days('cost_date', days) }}
        and cost_type != 'subscription'

),

usages as (

    select * from {{ ref('fct_usage_daily') }}
    where {{ in_days('usage_date', days) }}

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

api_keys as (

    select * from {{ ref('dim_api_keys') }}

),

workspaces as (

    select * from {{ ref('dim_workspaces') }}

),

token_types as (

    {{ token_types() }}

    union all

    -- A request has tokens of several types, so it is counted in a row of its own.
    select 'none' as token_type

),

cost_rows as (

    select
        costs.cost_date as usage_date,
        costs.platform_code,
        costs.vendor,
        costs.organization,
        costs.api_key_id,
        costs.workspace_id,
        costs.model,
        coalesce(costs.token_type, 'none') as token_type,
        nullif(costs.user_email, {{ unattributed() }}) as owner_email,
        nullif(costs.cost_center, {{ unattributed() }}) as owner_cost_center,
        0 as tokens,
        0 as cache_measured_input_tokens,
        cast(null as {{ dbt.type_string() }}) as service_tier,
        0 as requests,
        costs.list_cost_usd,
        costs.billed_cost_usd,
        costs.effective_cost_usd,
        costs.unattributed_cost_usd,
        1 as is_cost
    from costs
    inner join platforms
        on costs.platform_code = platforms.platform_code
    where
        platforms.category = 'api_consumption'
        or costs.api_key_id != {{ unattributed() }}

),

usage_rows as (

    select
        usages.usage_date,
        usages.platform_code,
        usages.vendor,
        usages.organization,
        usages.api_key_id,
        usages.workspace_id,
        usages.model,
        token_types.token_type,
        nullif(usages.user_email, {{ unattributed() }}) as owner_email,
        nullif(usages.cost_center, {{ unattributed() }}) as owner_cost_center,
        {{ tokens_of_type('token_types.token_type', 'usages') }} as tokens,
        case
            when
                usages.cache_read_tokens is not null
                and token_types.token_type != 'output'
                then {{ tokens_of_type('token_types.token_type', 'usages') }}
            else 0
        end as cache_measured_input_tokens,
        usages.service_tier,
        case token_types.token_type when 'none' then usages.requests else 0 end
            as requests,
        cast(0 as {{ type_money() }}) as list_cost_usd,
        cast(0 as {{ type_money() }}) as billed_cost_usd,
        cast(0 as {{ type_money() }}) as effective_cost_usd,
        cast(0 as {{ type_money() }}) as unattributed_cost_usd,
        0 as is_cost
    from usages
    inner join platforms
        on usages.platform_code = platforms.platform_code
    cross join token_types
    where
        platforms.category = 'api_consumption'
        or usages.api_key_id != {{ unattributed() }}

),

unioned as (

    select * from cost_rows

    union all

    select * from usage_rows
    where tokens != 0 or requests != 0

),

tiered as (

    select
        *,
        case when service_tier is not null then tokens else 0 end as tiered_tokens,
        case service_tier when 'batch' then tokens else 0 end as batch_tokens,
        case service_tier when 'priority' then tokens else 0 end as priority_tokens
    from unioned

),

-- Cost without usage has a row, and so has usage without cost; neither can multiply the
-- other.
summed as (

    select
        {{ grain | join(', ') }},
        min(owner_email) as first_owner_email,
        max(owner_email) as last_owner_email,
        min(owner_cost_center) as first_cost_center,
        max(owner_cost_center) as last_cost_center,
        {% for measure, type in measures.items() -%}
            cast(sum({{ measure }}) as {{ type }}) as {{ measure }},
        {% endfor -%}
        max(is_cost) = 1 as has_cost,
        min(is_cost) = 0 as has_usage
    from tiered
    group by {{ grain | join(', ') }}

),

-- Everything that a key did on a day says who owns it, not only the row of one model.
owned as (

    select
        *,
        min(first_owner_email) over (key_day) as key_first_owner_email,
        max(last_owner_email) over (key_day) as key_last_owner_email,
        min(first_cost_center) over (key_day) as key_first_cost_center,
        max(last_cost_center) over (key_day) as key_last_cost_center,
        case token_type when 'cache_read' then tokens else 0 end as cache_read_tokens,
        api_key_id != {{ unattributed() }} as is_key
    from summed
    window key_day as (partition by usage_date, api_key_id)

),

priced as (

    select
        owned.usage_date,
        owned.platform_code,
        owned.vendor,
        owned.organization,
        owned.api_key_id,
        api_keys.api_key_name,
        owned.workspace_id,
        workspaces.workspace_name,
        api_keys.purpose,
        api_keys.environment,
        owned.model,
        owned.token_type,
        case
            when
                owned.is_key
                and owned.key_first_owner_email = owned.key_last_owner_email
                then owned.key_first_owner_email
        end as owner_email,
        case
            when
                owned.is_key
                and owned.key_first_cost_center = owned.key_last_cost_center
                then owned.key_first_cost_center
        end as owner_cost_center,
        case when owned.is_key then owned.key_first_owner_email is not null end
            as has_owner,
        owned.has_usage,
        owned.has_cost,
        owned.tokens,
        owned.cache_measured_input_tokens,
        owned.cache_read_tokens,
        owned.tiered_tokens,
        owned.batch_tokens,
        owned.priority_tokens,
        owned.requests,
        owned.list_cost_usd,
        owned.billed_cost_usd,
        owned.effective_cost_usd,
        owned.unattributed_cost_usd,
        case
            when owned.has_cost
                then {{ ratio('owned.list_cost_usd * 1000000', 'owned.tokens') }}
        end as list_price_per_million_usd,
        case
            when owned.has_cost
                then {{ ratio('owned.effective_cost_usd * 1000000', 'owned.tokens') }}
        end as effective_price_per_million_usd,
        {{ ratio('owned.effective_cost_usd', 'owned.list_cost_usd') }}
            as price_to_list_ratio,
        {{ ratio('owned.batch_tokens', 'owned.tiered_tokens') }} as batch_share,
        {{ ratio('owned.priority_tokens', 'owned.tiered_tokens') }} as priority_share,
        {{ ratio(
            'sum(owned.cache_read_tokens) over (model_day)',
            'sum(owned.cache_measured_input_tokens) over (model_day)'
        ) }} as cache_hit_rate
    from owned
    inner join api_keys
        on owned.api_key_id = api_keys.api_key_id
    inner join workspaces
        on owned.workspace_id = workspaces.workspace_id
    window
        model_day as (
            partition by
                owned.usage_date,
                owned.platform_code,
                owned.vendor,
                owned.organization,
                owned.api_key_id,
                owned.workspace_id,
                owned.model
        )

)

select * from priced
