-- GRAIN: one row per month, team or subscription, and difference between the two
-- methods
{# Of a team's or a subscription's month: what the old calculator takes, what the
rebuild. #}
{% set choices = [
    {
        'of': 'team', 'type': 'token_fee', 'unit': 'usd',
        'old': 'token_fee_by_rule_usd', 'rebuilt': 'token_fee_usd',
        'explanation': [
            'The old calculator charges a fee by the rule, ',
            'the rebuild the fee that was recorded.',
        ],
    },
    {
        'of': 'team', 'type': 'bugbot', 'unit': 'usd',
        'old': 'total_cost_usd', 'rebuilt': 'core_cost_usd',
        'explanation': [
            'The old calculator counts what bugbot spends, ',
            'the rebuild leaves it out.',
        ],
    },
    {
        'of': 'team', 'type': 'tokens', 'unit': 'tokens',
        'old': 'total_tokens', 'rebuilt': 'fresh_tokens',
        'explanation': [
            'The old calculator counts all tokens, ',
            'the rebuild those that no cache held.',
        ],
    },
    {
        'of': 'team', 'type': 'median_or_mean', 'unit': 'usd per person',
        'old': 'mean_cost_per_active_user_usd', 'rebuilt': 'median_cost_per_active_user_usd',
        'explanation': [
            'The old calculator says what an active person spends on average, ',
            'the rebuild what the one in the middle spends.',
        ],
    },
    {
        'of': 'team', 'type': 'active_users', 'unit': 'people',
        'old': 'spending_users', 'rebuilt': 'active_users_any',
        'explanation': [
            'The old calculator counts who spent money without bugbot, ',
            'the rebuild who did anything.',
        ],
    },
    {
        'of': 'team', 'type': 'distribution_metric', 'unit': 'people',
        'old': 'heavy_by_dollars', 'rebuilt': 'heavy_by_requests',
        'explanation': [
            'The old calculator calls people heavy users by dollars, ',
            'the rebuild by requests.',
        ],
    },
    {
        'of': 'team', 'type': 'granularity', 'unit': 'usd',
        'old': 'thirty_days_cost_usd', 'rebuilt': 'total_cost_usd',
        'explanation': [
            'The old calculator takes the 30 days that end with the month, ',
            'the rebuild the whole month.',
        ],
    },
    {
        'of': 'team', 'type': 'account_filter', 'unit': 'usd',
        'old': 'total_cost_usd', 'rebuilt': 'enterprise_cost_usd',
        'explanation': [
            'The old calculator counts every team, ',
            'the rebuild those of enterprise customers with an account.',
        ],
    },
    {
        'of': 'subscription', 'type': 'join_path', 'unit': 'usd',
        'old': 'team_record_cost_usd', 'rebuilt': 'subscription_list_cost_usd',
        'explanation': [
            'The old calculator follows the team record, ',
            'the rebuild the list of teams.',
        ],
    },
    {
        'of': 'subscription', 'type': 'opportunity_filter', 'unit': 'usd',
        'old': 'new_business_cost_usd', 'rebuilt': 'opportunity_cost_usd',
        'explanation': [
            'The old calculator follows opportunities of new business, ',
            'the rebuild all.',
        ],
    },
] %}
{% set paths = ['team_record', 'subscription_list', 'opportunity', 'new_business'] %}

with metrics as (

    select * from {{ ref('fct_revops_monthly_team_metrics') }}

),

teams as (

    select * from {{ ref('dim_teams') }}

),

people as (

    select * from {{ ref('fct_revops_user_metrics') }}
    where user_id != {{ unattributed() }}

),

thirty_days as (

    select * from {{ ref('rollup_revops_thirty_days_by_month') }}

),

links as (

    select * from {{ ref('int_revops_team_links') }}
    where gap is null

),

subscriptions as (

    select * from {{ ref('dim_subscriptions') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

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

team_months as (

    select
        metrics.month,
        metrics.team_id as subject_id,
        metrics.team_name as subject_name,
        metrics.subscription_id,
        metrics.subscription_name,
        metrics.account_id,
        metrics.account_name,
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
        coalesce(heavy_users.heavy_by_dollars, 0) as heavy_by_dollars,
        coalesce(heavy_users.heavy_by_requests, 0) as heavy_by_requests,
        coalesce(thirty_days.total_cost_usd, 0) as thirty_days_cost_usd,
        case
            when teams.is_enterprise and metrics.account_id != {{ unattributed() }}
                then metrics.total_cost_usd
            else 0
        end as enterprise_cost_usd
    from metrics
    inner join teams
        on metrics.team_id = teams.team_id
    left join heavy_users
        on
            metrics.month = heavy_users.month
            and metrics.team_id = heavy_users.team_id
    left join thirty_days
        on
            metrics.month = thirty_days.month
            and metrics.team_id = thirty_days.team_id
    where metrics.is_complete_month

),

-- The subscriptions to which each way leads: a team counts once for each way.
paths as (

    select distinct
        link_source as link_path,
        team_id,
        subscription_id,
        term_from,
        term_to
    from links

    union all

    select distinct
        'new_business' as link_path,
        team_id,
        subscription_id,
        term_from,
        term_to
    from links
    where
        link_source = 'opportunity'
        and opportunity_type = 'New Business'

),

-- At the end of the month those that run, or all if none of the way does: a renewed
-- team is still on the list of its old subscription.
path_months as (

    select
        team_months.month,
        team_months.total_cost_usd,
        paths.link_path,
        paths.subscription_id
    from paths
    inner join team_months
        on paths.team_id = team_months.subject_id
    qualify rank() over (
        partition by team_months.month, paths.link_path, paths.team_id
        order by
            case
                when
                    paths.term_from < {{ next_first_day('month', 'team_months.month') }}
                    and paths.term_to
                    >= {{ next_first_day('month', 'team_months.month') }}
                    then 0
                else 1
            end
    ) = 1

),

subscription_months as (

    select
        path_months.month,
        path_months.subscription_id as subject_id,
        subscriptions.subscription_name as subject_name,
        path_months.subscription_id,
        subscriptions.subscription_name,
        subscriptions.account_id,
        accounts.account_name,
    {% for path in paths %}
        sum(
            case
                when path_months.link_path = '{{ path }}'
                    then path_months.total_cost_usd
                else 0
            end
        ) as {{ path }}_cost_usd
        {{- "," if not loop.last }}
    {% endfor %}
    from path_months
    inner join subscriptions
        on path_months.subscription_id = subscriptions.subscription_id
    left join accounts
        on subscriptions.account_id = accounts.account_id
    group by all

),

unioned as (

    {% for choice in choices %}
        select
            month,
            '{{ choice.of }}' as subject_type,
            subject_id,
            subject_name,
            subscription_id,
            subscription_name,
            account_id,
            account_name,
            '{{ choice.type }}' as difference_type,
            '{{ choice.unit }}' as unit,
            cast({{ choice.old }} as {{ type_number() }}) as old_value,
            cast({{ choice.rebuilt }} as {{ type_number() }}) as rebuilt_value,
            concat(
                '{{ choice.explanation[0] }}',
                '{{ choice.explanation[1] }}'
            ) as explanation
        from {{ choice.of }}_months
        {{ "union all" if not loop.last }}
    {% endfor %}

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
        unioned.subscription_id,
        unioned.subscription_name,
        unioned.account_id,
        unioned.account_name,
        unioned.subject_name,
        case
            when unioned.subject_type = 'team' then unioned.subject_name
            else {{ unattributed() }}
        end as team_name,
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
