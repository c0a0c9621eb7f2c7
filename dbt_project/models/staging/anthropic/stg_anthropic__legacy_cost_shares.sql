{{ config(**replaced_by_day(
    'cost_date', changes='stg_anthropic__changed_days', cluster_by=['organization']
)) }}

-- The legacy cost report names neither key nor person. So each row is divided by
-- tokens: over usage of its service tier and context window, which have prices of their
-- own, if there is any; else of its tier, else of its model.
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

{{ costs_by_usage(
    dimensions=['service_tier', 'context_window'],
    distance="case
        when coalesce(costs.service_tier, '') != coalesce(usages_by_token_type.service_tier, '')
            then 3
        when
            coalesce(costs.context_window, '')
            != coalesce(usages_by_token_type.context_window, '')
            then 2
        else 1
    end",
    identities=['api_key_id', 'actor_user_id', 'service_account_id'],
    carried=[
        'organization', 'workspace_id', 'model', 'cost_type', 'token_type',
        'service_tier', 'currency',
    ]
) }}

select * from allocated
