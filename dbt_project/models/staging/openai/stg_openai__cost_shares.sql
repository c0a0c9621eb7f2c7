{{ config(**replaced_by_day(
    'cost_date', changes='stg_openai__changed_days', cluster_by=['organization']
)) }}

-- Costs by project and line item name neither key nor person. So each is divided by
-- tokens: over usage of its service tier, if the line item says one and there is any;
-- else of its model.
-- INVARIANT: the parts of a row sum to the row, to the last digit
{% set days = changed_days(ref('stg_openai__changed_days')) %}

with costs as (

    select * from {{ ref('stg_openai__costs') }}
    where
        resource = 'costs'
        and {{ in_days('cost_date', days) }}

),

usages as (

    select * from {{ ref('stg_openai__usages') }}
    where {{ in_days('usage_date', days) }}

),

{{ costs_by_usage(
    dimensions=['service_tier'],
    distance="case
        when
            coalesce(costs.service_tier, usages_by_token_type.service_tier, '')
            = coalesce(usages_by_token_type.service_tier, '')
            then 1
        else 2
    end",
    identities=['api_key_id', 'actor_user_id'],
    carried=[
        'organization', 'workspace_id', 'model', 'cost_type', 'token_type', 'service_tier',
        'currency', 'is_known',
    ]
) }}

select * from allocated
