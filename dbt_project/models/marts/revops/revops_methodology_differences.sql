-- GRAIN: one row per month, team or subscription, and difference between the two
-- methods
{# Of a team and month: what the old calculator takes, and what the rebuild. #}
{% set choices = [
    {
        'type': 'token_fee', 'unit': 'usd',
        'old': 'token_fee_by_rule_usd', 'rebuilt': 'token_fee_usd',
        'explanation': [
            'The old calculator charges a fee by the rule, ',
            'the rebuild the fee that was recorded.',
        ],
    },
    {
        'type': 'bugbot', 'unit': 'usd',
        'old': 'total_cost_usd', 'rebuilt': 'core_cost_usd',
        'explanation': [
            'The old calculator counts what bugbot spends, ',
            'the rebuild leaves it out.',
        ],
    },
    {
        'type': 'tokens', 'unit': 'tokens',
        'old': 'total_tokens', 'rebuilt': 'fresh_tokens',
        'explanation': [
            'The old calculator counts all tokens, ',
            'the rebuild those that no cache held.',
        ],
    },
    {
        'type': 'median_or_mean', 'unit': 'usd per person',
        'old': 'mean_cost_per_active_user_usd', 'rebuilt': 'median_cost_per_active_user_usd',
        'explanation': [
            'The old calculator says what an active person spends on average, ',
            'the rebuild what the one in the middle spends.',
        ],
    },
    {
        'type': 'active_users', 'unit': 'people',
        'old': 'spending_users', 'rebuilt': 'active_users_any',
        'explanation': [
            'The old calculator counts who spent money without bugbot, ',
            'the rebuild who did anything.',
        ],
    },
    {
        'type': 'distribution_metric', 'unit': 'people',
        'old': 'heavy_by_dollars', 'rebuilt': 'heavy_by_requests',
        'explanation': [
            'The old calculator calls people heavy users by dollars, ',
            'the rebuild by requests.',
        ],
    },
    {
        'type': 'granularity', 'unit': 'usd',
        'old': 'exact_range_cost_usd', 'rebuilt': 'total_cost_usd',
        'explanation': [
            'The old calculator takes the 30 days that end with the month, ',
            'the rebuild the whole month.',
        ],
    },
    {
        'type': 'account_filter', 'unit': 'usd',
        'old': 'total_cost_usd', 'rebuilt': 'enterprise_cost_usd',
        'explanation': [
            'The old calculator counts every team, ',
            'the rebuild those of enterprise customers with an account.',
        ],
    },
] %}

with metrics as (

    select * from {{ ref('fct_revops_monthly_team_metrics') }}

),

teams as (

    select * from {{ ref('dim_teams') }}

),

people as (

    select * from {{ ref('fct_revops_user_metrics') }}

),

usages as (

    select
        team_id,
        usage_date,
        cast(sum(total_cost_usd) as {{ type_money() }}) as total_cost_usd
    from {{ ref('fct_revops_usage_daily') }}
    group by team_id, usage_date

),

links as (

    select * from {{ ref('int_revops_team_links') }}
    where gap is null

),

subscriptions as (

    select * from {{ ref('dim_subscriptions') }}

),

heavy_users as (

    select
        month,
        team_id,
        sum(case when dollar_bucket_position >= 4 then 1 else 0 end)
            as heavy_by_dollars,
        sum(case when request_bucket_position >= 4 then 1 else 0 end)
            as heavy_by_requests
    from people
    group by month, team_id

),

exact_ranges as (

    select
        metrics.month,
        metrics.team_id,
        sum(usages.total_cost_usd) as exact_range_cost_usd
    from metrics
    inner join usages
        on
            metrics.team_id = usages.team_id
            and usages.usage_date < {{ next_first_day('month', 'metrics.month') }}
            and {{ add_days('usages.usage_date', 30) }}
            >= {{ next_first_day('month', 'metrics.month') }}
    group by metrics.month, metrics.team_id

),

team_months as (

    select
        metrics.month,
        metrics.team_id,
        metrics.team_name,
        metrics.token_fee_by_rule_usd,
        metrics.token_fee_usd,
        metrics.total_cost_usd,
        metrics.core_cost_usd,
        metrics.total_tokens,
        metrics.fresh_tokens,
        metrics.mean_cost_per_active_user_usd,
        metrics.median_cost_per_active_user_usd,
        metrics.spending_users,
        metrics.active_users_any,
        heavy_users.heavy_by_dollars,
        heavy_users.heavy_by_requests,
        coalesce(exact_ranges.exact_range_cost_usd, 0) as exact_range_cost_usd,
        case
            when teams.is_enterprise and teams.account_id != {{ unattributed() }}
                then metrics.total_cost_usd
            else 0
        end as enterprise_cost_usd
    from metrics
    inner join teams
        on metrics.team_id = teams.team_id
    inner join heavy_users
        on
            metrics.month = heavy_users.month
            and metrics.team_id = heavy_users.team_id
    left join exact_ranges
        on
            metrics.month = exact_ranges.month
            and metrics.team_id = exact_ranges.team_id
    where metrics.is_complete_month

),

team_differences as (

    {% for choice in choices %}
        select
            month,
            'team' as subject_type,
            team_id as subject_id,
            team_name as subject_name,
            '{{ choice.type }}' as difference_type,
            '{{ choice.unit }}' as unit,
            cast({{ choice.old }} as {{ type_number() }}) as old_value,
            cast({{ choice.rebuilt }} as {{ type_number() }}) as rebuilt_value,
            concat(
                '{{ choice.explanation[0] }}',
                '{{ choice.explanation[1] }}'
            ) as explanation
        from team_months
        {{ "union all" if not loop.last }}
    {% endfor %}

),

-- The subscriptions to which each way leads: a team counts once for each way.
paths as (

    select distinct
        'team_record' as link_path,
        team_id,
        subscription_id
    from links
    where link_source = 'team_record'

    union all

    select distinct
        'subscription_list' as link_path,
        team_id,
        subscription_id
    from links
    where link_source = 'subscription_list'

    union all

    select distinct
        'opportunity' as link_path,
        team_id,
        subscription_id
    from links
    where link_source = 'opportunity'

    union all

    select distinct
        'new_business' as link_path,
        team_id,
        subscription_id
    from links
    where
        link_source = 'opportunity'
        and opportunity_type = 'New Business'

),

path_costs as (

    select
        team_months.month,
        paths.subscription_id,
        sum(
            case
                when paths.link_path = 'team_record'
                    then team_months.total_cost_usd
                else 0
            end
        ) as team_record_cost_usd,
        sum(
            case
                when paths.link_path = 'subscription_list'
                    then team_months.total_cost_usd
                else 0
            end
        ) as subscription_list_cost_usd,
        sum(
            case
                when paths.link_path = 'opportunity'
                    then team_months.total_cost_usd
                else 0
            end
        ) as opportunity_cost_usd,
        sum(
            case
                when paths.link_path = 'new_business'
                    then team_months.total_cost_usd
                else 0
            end
        ) as new_business_cost_usd
    from paths
    inner join team_months
        on paths.team_id = team_months.team_id
    group by team_months.month, paths.subscription_id

),

subscription_differences as (

    select
        path_costs.month,
        'subscription' as subject_type,
        path_costs.subscription_id as subject_id,
        subscriptions.subscription_name as subject_name,
        'join_path' as difference_type,
        'usd' as unit,
        cast(path_costs.team_record_cost_usd as {{ type_number() }}) as old_value,
        cast(path_costs.subscription_list_cost_usd as {{ type_number() }})
            as rebuilt_value,
        concat(
            'The old calculator follows the team record, ',
            'the rebuild the list of teams.'
        ) as explanation
    from path_costs
    inner join subscriptions
        on path_costs.subscription_id = subscriptions.subscription_id

    union all

    select
        path_costs.month,
        'subscription' as subject_type,
        path_costs.subscription_id as subject_id,
        subscriptions.subscription_name as subject_name,
        'opportunity_filter' as difference_type,
        'usd' as unit,
        cast(path_costs.new_business_cost_usd as {{ type_number() }}) as old_value,
        cast(path_costs.opportunity_cost_usd as {{ type_number() }}) as rebuilt_value,
        concat(
            'The old calculator follows opportunities of new business, ',
            'the rebuild all.'
        ) as explanation
    from path_costs
    inner join subscriptions
        on path_costs.subscription_id = subscriptions.subscription_id

),

unioned as (

    select * from team_differences

    union all

    select * from subscription_differences

),

totals as (

    select
        month,
        difference_type,
        subject_type,
        sum(abs(rebuilt_value)) as rebuilt_total
    from unioned
    group by month, difference_type, subject_type

),

compared as (

    select
        unioned.month,
        unioned.subject_type,
        unioned.subject_id,
        case
            when unioned.subject_type = 'team' then unioned.subject_id
            else {{ unattributed() }}
        end as team_id,
        unioned.subject_name,
        unioned.difference_type,
        unioned.unit,
        unioned.old_value,
        unioned.rebuilt_value,
        cast(unioned.rebuilt_value - unioned.old_value as {{ type_number() }})
            as difference,
        case
            when unioned.unit != 'usd per person' then {{ ratio(
                'unioned.rebuilt_value - unioned.old_value', 'totals.rebuilt_total'
            ) }}
        end as share_of_total,
        unioned.explanation
    from unioned
    inner join totals
        on
            unioned.month = totals.month
            and unioned.difference_type = totals.difference_type
            and unioned.subject_type = totals.subject_type

)

select * from compared
