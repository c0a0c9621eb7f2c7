-- GRAIN: one row per month and team that had members or usage
{% set features = ['agent', 'rules', 'mcp', 'plan_mode'] %}

with people as (

    select * from {{ ref('fct_revops_user_metrics') }}

),

team_months as (

    select * from {{ ref('rollup_revops_team_months') }}

),

-- A person's spend without bugbot, which nobody chose to use.
spends as (

    select
        *,
        cast(total_cost_usd - bugbot_cost_usd as {{ type_money() }}) as core_cost_usd
    from people

),

-- The median of those who spend, and of all who were active.
medians as (

    select distinct
        month,
        team_id,
        {{ median_over(
            'case when is_spending then core_cost_usd end', ['month', 'team_id']
        ) }}
            as median_cost_per_spending_user_usd,
        {{ median_over(
            'case when is_active then core_cost_usd end', ['month', 'team_id']
        ) }}
            as median_cost_per_active_user_usd
    from spends

),

summed as (

    select
        month,
        is_complete_month,
        team_id,
        {{ distinct_people('user_id') }} as people,
        cast(sum(case when is_active then 1 else 0 end) as int64) as active_users_any,
        cast(sum(case when is_spending then 1 else 0 end) as int64) as spending_users,
        cast(sum(case when days_active > 0 then 1 else 0 end) as int64) as mau,
        cast(sum(case when is_power_user then 1 else 0 end) as int64) as power_users,
        cast(sum(case when is_l4_user then 1 else 0 end) as int64) as l4_users,
        {% for feature in features %}
            cast(sum(case when uses_{{ feature }} then 1 else 0 end) as int64)
                as users_of_{{ feature }},
        {% endfor %}
        cast(sum(requests) as int64) as requests,
        cast(sum(agent_requests) as int64) as agent_requests,
        cast(sum(bugbot_requests) as int64) as bugbot_requests,
        cast(sum(fresh_tokens) as int64) as fresh_tokens,
        cast(sum(total_tokens) as int64) as total_tokens,
        cast(sum(api_cost_usd) as {{ type_money() }}) as api_cost_usd,
        cast(sum(token_fee_usd) as {{ type_money() }}) as token_fee_usd,
        cast(sum(token_fee_by_rule_usd) as {{ type_money() }}) as token_fee_by_rule_usd,
        cast(sum(total_cost_usd) as {{ type_money() }}) as total_cost_usd,
        cast(sum(bugbot_cost_usd) as {{ type_money() }}) as bugbot_cost_usd,
        cast(sum(core_cost_usd) as {{ type_money() }}) as core_cost_usd,
        cast(
            sum(case when is_spending then core_cost_usd else 0 end)
            as {{ type_money() }}
        ) as spending_users_cost_usd,
        cast(
            sum(case when is_active then core_cost_usd else 0 end)
            as {{ type_money() }}
        ) as active_users_cost_usd
    from spends
    group by month, is_complete_month, team_id

),

compared as (

    select
        summed.month,
        summed.is_complete_month,
        summed.team_id,
        team_months.team_name,
        team_months.subscription_id,
        team_months.subscription_name,
        team_months.account_id,
        team_months.account_name,
        team_months.seats,
        summed.people,
        summed.mau,
        previous.mau as previous_mau,
        {{ growth('summed.mau', 'previous.mau') }} as mau_growth_mom,
        summed.active_users_any,
        summed.spending_users,
        summed.power_users,
        summed.l4_users,
        {% for feature in features %}
            summed.users_of_{{ feature }},
            {{ ratio('summed.users_of_' ~ feature, 'summed.mau') }}
                as {{ feature }}_adoption_rate,
        {% endfor %}
        {{ ratio('summed.mau', 'team_months.seats') }} as seat_utilization_rate,
        summed.requests,
        summed.agent_requests,
        summed.bugbot_requests,
        summed.fresh_tokens,
        summed.total_tokens,
        summed.api_cost_usd,
        summed.token_fee_usd,
        summed.token_fee_by_rule_usd,
        summed.total_cost_usd,
        summed.bugbot_cost_usd,
        summed.core_cost_usd,
        {{ ratio('summed.spending_users_cost_usd', 'summed.spending_users') }}
            as mean_cost_per_spending_user_usd,
        medians.median_cost_per_spending_user_usd,
        {{ ratio('summed.active_users_cost_usd', 'summed.active_users_any') }}
            as mean_cost_per_active_user_usd,
        medians.median_cost_per_active_user_usd
    from summed
    inner join team_months
        on
            summed.month = team_months.month
            and summed.team_id = team_months.team_id
    inner join medians
        on
            summed.month = medians.month
            and summed.team_id = medians.team_id
    left join summed as previous
        on
            {{ add_months('summed.month', -1) }} = previous.month
            and summed.team_id = previous.team_id

)

select * from compared
