-- GRAIN: that of fct_revops_usage_daily
with usages as (

    select * from {{ ref('fct_revops_usage_daily') }}

),

spans as (

    select * from {{ ref('int_revops_team_spans') }}

),

-- A team belongs to the subscription that was in force on the day itself, also in the
-- month of a renewal.
linked as (

    select
        usages.usage_date,
        usages.team_id,
        usages.user_id,
        usages.model,
        usages.usage_type,
        usages.is_bugbot,
        usages.requests,
        usages.fresh_tokens,
        usages.total_tokens,
        usages.api_cost_usd,
        usages.token_fee_usd,
        usages.token_fee_by_rule_usd,
        usages.total_cost_usd,
        coalesce(spans.subscription_id, {{ unattributed() }}) as subscription_id,
        coalesce(spans.account_id, {{ unattributed() }}) as account_id,
        coalesce(spans.is_in_term, false) as is_in_term
    from usages
    left join spans
        on
            usages.team_id = spans.team_id
            and usages.usage_date >= spans.valid_from
            and usages.usage_date < spans.valid_to

)

select * from linked
