{{ config(**replaced_by_day(
    'cost_date', changes='stg_anthropic__changed_days', cluster_by=['organization']
)) }}

-- The legacy cost report names neither key nor person. So each row is divided over the
-- usage of its day, workspace, model and token type in proportion to tokens: over usage
-- of its service tier and context window, which have prices of their own, if there is
-- any; if there is no such usage at all, over the workspace's usage of the day;
-- otherwise it stays with its workspace.
-- INVARIANT: the parts of a row sum to the row, to the last digit
{% set days = changed_days(ref('stg_anthropic__changed_days')) %}

with costs as (

    select * from {{ ref('stg_anthropic__costs') }}
    where {{ in_days('cost_date', days) }}

),

usages as (

    select * from {{ ref('stg_anthropic__message_usages') }}
    where {{ in_days('usage_date', days) }}

),

token_types as (

    {{ token_types() }}

),

usages_by_token_type as (

    select
        usages.usage_date,
        usages.organization,
        usages.workspace_id,
        usages.model,
        usages.service_tier,
        usages.context_window,
        token_types.token_type,
        usages.actor_user_id,
        usages.service_account_id,
        usages.api_key_id,
        sum(
            {{ tokens_of_type('token_types.token_type', 'usages') }}
        ) as tokens
    from usages
    cross join token_types
    group by all

),

usages_by_workspace as (

    select
        usage_date,
        organization,
        workspace_id,
        actor_user_id,
        service_account_id,
        api_key_id,
        sum(tokens) as tokens
    from usages_by_token_type
    where tokens > 0
    group by all

),

compared_by_token_type as (

    select
        costs.record_id,
        costs.cost_date,
        usages_by_token_type.actor_user_id,
        usages_by_token_type.service_account_id,
        usages_by_token_type.api_key_id,
        usages_by_token_type.tokens,
        case
            when
                coalesce(costs.service_tier, '')
                != coalesce(usages_by_token_type.service_tier, '')
                then 3
            when
                coalesce(costs.context_window, '')
                != coalesce(usages_by_token_type.context_window, '')
                then 2
            else 1
        end as distance
    from costs
    inner join usages_by_token_type
        on
            costs.cost_date = usages_by_token_type.usage_date
            and costs.organization = usages_by_token_type.organization
            and coalesce(costs.workspace_id, '')
            = coalesce(usages_by_token_type.workspace_id, '')
            and costs.model = usages_by_token_type.model
            and costs.token_type = usages_by_token_type.token_type
    where usages_by_token_type.tokens > 0

),

nearest_by_token_type as (

    select *
    from compared_by_token_type
    qualify
        rank() over (partition by cost_date, record_id order by distance) = 1

),

matched_by_token_type as (

    select
        record_id,
        cost_date,
        actor_user_id,
        service_account_id,
        api_key_id,
        sum(tokens) as tokens,
        case when distance = 1 then 'tokens' else 'model_tokens' end
            as allocation_method
    from nearest_by_token_type
    group by
        record_id,
        cost_date,
        actor_user_id,
        service_account_id,
        api_key_id,
        distance

),

matched_by_workspace as (

    select
        costs.record_id,
        costs.cost_date,
        usages_by_workspace.actor_user_id,
        usages_by_workspace.service_account_id,
        usages_by_workspace.api_key_id,
        usages_by_workspace.tokens,
        'workspace_tokens' as allocation_method
    from costs
    inner join usages_by_workspace
        on
            costs.cost_date = usages_by_workspace.usage_date
            and costs.organization = usages_by_workspace.organization
            and coalesce(costs.workspace_id, '')
            = coalesce(usages_by_workspace.workspace_id, '')
    left join matched_by_token_type
        on
            costs.record_id = matched_by_token_type.record_id
            and costs.cost_date = matched_by_token_type.cost_date
    where matched_by_token_type.record_id is null

),

matched as (

    select * from matched_by_token_type

    union all

    select * from matched_by_workspace

),

-- Parts are whole billionths of a dollar, and of the currency billed; what that leaves
-- over goes to the largest.
shares as (

    select
        costs.cost_date,
        costs.record_id,
        costs.organization,
        costs.workspace_id,
        costs.model,
        costs.cost_type,
        costs.token_type,
        costs.currency,
        costs.billed_cost_usd as row_cost_usd,
        costs.billed_cost_in_currency as row_cost_in_currency,
        matched.actor_user_id,
        matched.service_account_id,
        matched.api_key_id,
        coalesce(matched.allocation_method, 'unallocated') as allocation_method,
        {{ nanos_to_usd(share_of_nanos(
            'costs.billed_cost_usd',
            'matched.tokens',
            'sum(matched.tokens) over (partition by costs.cost_date, costs.record_id)'
        )) }} as share_usd,
        {{ nanos_to_usd(share_of_nanos(
            'costs.billed_cost_in_currency',
            'matched.tokens',
            'sum(matched.tokens) over (partition by costs.cost_date, costs.record_id)'
        )) }} as share_in_currency,
        row_number() over (
            partition by costs.cost_date, costs.record_id
            order by
                matched.tokens desc,
                matched.api_key_id asc nulls last,
                matched.actor_user_id asc nulls last,
                matched.service_account_id asc nulls last
        ) as share_rank
    from costs
    left join matched
        on
            costs.record_id = matched.record_id
            and costs.cost_date = matched.cost_date

),

allocated as (

    select
        cost_date,
        record_id,
        organization,
        workspace_id,
        model,
        cost_type,
        token_type,
        actor_user_id,
        service_account_id,
        api_key_id,
        allocation_method,
        currency,
        case
            when share_rank > 1 then share_usd
            else
                row_cost_usd
                - coalesce(
                    sum(case when share_rank > 1 then share_usd end) over (
                        partition by cost_date, record_id
                    ),
                    0
                )
        end as billed_cost_usd,
        case
            when share_rank > 1 then share_in_currency
            else
                row_cost_in_currency
                - coalesce(
                    sum(case when share_rank > 1 then share_in_currency end) over (
                        partition by cost_date, record_id
                    ),
                    0
                )
        end as billed_cost_in_currency
    from shares

)

select * from allocated
