{# Costs that a vendor reports without a key or person, shared out over who used what. #}

{#
CTEs up to `allocated`: each cost in parts, by the tokens of its day and workspace. The caller has
CTEs `costs` and `usages`, of records of a report of costs and of usage.

A cost of a model's tokens is shared by the usage of its model and token type that is nearest: of
`distance` 1, or else of the next one that there is. `distance` compares a cost with usage by
`dimensions` of usage, such as the service tier. If there is no such usage, the workspace's usage of
the day counts; without any, the cost stays with its workspace. A part is of one of each of
`identities`; of equal parts the first by them is the largest. `carried` are columns of the costs.

INVARIANT: the parts of a cost sum to it, to the last digit. Parts are whole billionths of a dollar,
and of the currency billed; what that leaves over goes to the largest.
#}
{% macro costs_by_usage(dimensions, distance, identities, carried) -%}
    token_types as (

        {{ token_types() }}

    ),

    usages_by_token_type as (

        select
            usages.usage_date,
            usages.organization,
            usages.workspace_id,
            usages.model,
            token_types.token_type,
            {% for column in dimensions + identities -%}
                usages.{{ column }},
            {% endfor -%}
            sum({{ tokens_of_type('token_types.token_type', 'usages') }}) as tokens
        from usages
        cross join token_types
        group by all

    ),

    usages_by_workspace as (

        select
            usage_date,
            organization,
            workspace_id,
            {{ identities | join(', ') }},
            sum(tokens) as tokens
        from usages_by_token_type
        where tokens > 0
        group by all

    ),

    compared_by_token_type as (

        select
            costs.record_id,
            costs.cost_date,
            {% for column in identities -%}
                usages_by_token_type.{{ column }},
            {% endfor -%}
            usages_by_token_type.tokens,
            {{ distance }} as distance
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
            {{ identities | join(', ') }},
            sum(tokens) as tokens,
            case when distance = 1 then 'tokens' else 'model_tokens' end
                as allocation_method
        from nearest_by_token_type
        group by record_id, cost_date, {{ identities | join(', ') }}, distance

    ),

    matched_by_workspace as (

        select
            costs.record_id,
            costs.cost_date,
            {% for column in identities -%}
                usages_by_workspace.{{ column }},
            {% endfor -%}
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

    {%- set whole = 'sum(matched.tokens) over (partition by costs.cost_date, costs.record_id)' %}
    {%- set amounts = ['billed_cost_usd', 'billed_cost_in_currency'] %}

    shares as (

        select
            costs.cost_date,
            costs.record_id,
            {% for column in carried -%}
                costs.{{ column }},
            {% endfor -%}
            {% for column in identities -%}
                matched.{{ column }},
            {% endfor -%}
            coalesce(matched.allocation_method, 'unallocated') as allocation_method,
            {% for amount in amounts -%}
                costs.{{ amount }} as whole_{{ amount }},
                {{ nanos_to_usd(share_of_nanos('costs.' ~ amount, 'matched.tokens', whole)) }}
                    as share_of_{{ amount }},
            {% endfor -%}
            row_number() over (
                partition by costs.cost_date, costs.record_id
                order by
                    matched.tokens desc,
                    {%- for column in identities %}
                    matched.{{ column }} asc nulls last{{ "," if not loop.last }}
                    {%- endfor %}
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
            {{ (carried + identities) | join(', ') }},
            allocation_method,
            {%- for amount in amounts %}
            case
                when share_rank > 1 then share_of_{{ amount }}
                else
                    whole_{{ amount }}
                    - coalesce(
                        sum(case when share_rank > 1 then share_of_{{ amount }} end)
                            over (partition by cost_date, record_id),
                        0
                    )
            end as {{ amount }}{{ "," if not loop.last }}
            {%- endfor %}
        from shares

    )
{%- endmacro %}

{# The days whose costs are shared out again: those of which a report of a source was landed, or for
which an exchange rate changed, since the last run. #}
{% macro days_to_share_again(source_name, resources) -%}
    with last_run as (

        {{ last_completed_run() }}

    ),

    windows as (

        select * from {{ ref('stg_windows') }}
        where
            source_name = '{{ source_name }}'
            and resource in ({{ sql_list(resources) }})

    ),

    changed_rates as (

        select * from {{ ref('stg_changed_rates') }}

    ),

    changed as (

        select windows.window_start as changed_date
        from last_run
        inner join windows
            on last_run.loads_through < windows.loaded_at

        union distinct

        select windows.window_start as changed_date
        from changed_rates
        inner join windows
            on changed_rates.changed_from <= windows.window_start

    )

    select * from changed
{%- endmacro %}

{# A test of shares: the records of `costs`, those for which the condition holds, of which the
parts in `shares` do not sum to the record, to the last digit. #}
{% macro not_allocated_whole(costs, shares, condition='true') -%}
    with costs as (

        select
            record_id,
            billed_cost_usd
        from {{ ref(costs) }}
        where
            {{ condition }}
            and cost_date >= {{ tested_since(shares) }}

    ),

    parts as (

        select
            record_id,
            sum(billed_cost_usd) as billed_cost_usd
        from {{ ref(shares) }}
        where cost_date >= {{ tested_since(shares) }}
        group by record_id

    ),

    different as (

        select
            costs.record_id,
            costs.billed_cost_usd as reported_usd,
            parts.billed_cost_usd as allocated_usd
        from costs
        full outer join parts
            on costs.record_id = parts.record_id
        where
            costs.record_id is null
            or parts.record_id is null
            or costs.billed_cost_usd != parts.billed_cost_usd

    )

    select * from different
{%- endmacro %}
