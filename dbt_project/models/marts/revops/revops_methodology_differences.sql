-- GRAIN: one row per month, team or subscription, and difference between the two
-- methods
{# Of a team's or a subscription's month: what the original queries take, what the
rebuild. Each row changes one choice and leaves the others as they are here. #}
{% set choices = [
    {
        'of': 'team', 'type': 'token_fee', 'unit': 'usd',
        'old': 'token_fee_by_rule_usd', 'rebuilt': 'token_fee_usd',
        'explanation': [
            'The original queries compute the fee on tokens by a rule, ',
            'the rebuild takes the fee that was recorded.',
        ],
    },
    {
        'of': 'team', 'type': 'bugbot', 'unit': 'usd',
        'old': 'core_cost_usd', 'rebuilt': 'total_cost_usd',
        'explanation': [
            'The original queries leave out what bugbot spends, ',
            'the rebuild counts it.',
        ],
    },
    {
        'of': 'team', 'type': 'tokens', 'unit': 'tokens',
        'old': 'fresh_tokens', 'rebuilt': '0',
        'explanation': [
            'The original queries count input and output tokens, ',
            'the rebuild has a column of tokens that is always 0.',
        ],
    },
    {
        'of': 'team', 'type': 'median_or_mean', 'unit': 'usd per person',
        'old': 'median_cost_per_active_user_usd', 'rebuilt': 'mean_cost_per_active_user_usd',
        'explanation': [
            'The original queries take the median of what active people spend, ',
            'the rebuild their mean, in a column that says median.',
        ],
    },
    {
        'of': 'team', 'type': 'active_users', 'unit': 'people',
        'old': 'spending_users', 'rebuilt': 'active_users_any',
        'explanation': [
            'The original queries count people who spent money without bugbot, ',
            'the rebuild people who did anything.',
        ],
    },
    {
        'of': 'team', 'type': 'distribution_metric', 'unit': 'people',
        'old': 'heavy_by_dollars', 'rebuilt': 'heavy_by_requests',
        'explanation': [
            'The original queries tell heavy users by dollars, ',
            'the rebuild by requests.',
        ],
    },
    {
        'of': 'team', 'type': 'granularity', 'unit': 'usd',
        'old': 'thirty_days_cost_usd', 'rebuilt': 'touched_months_cost_usd',
        'explanation': [
            'Asked for the 30 days that end with the month, the original queries take ',
            'exactly these days, the rebuild every month that they touch, whole.',
        ],
    },
    {
        'of': 'team', 'type': 'account_filter', 'unit': 'usd',
        'old': 'total_cost_usd', 'rebuilt': 'kept_accounts_cost_usd',
        'explanation': [
            'The original queries count teams of deleted accounts, ',
            'the rebuild leaves them out.',
        ],
    },
    {
        'of': 'team', 'type': 'join_path', 'unit': 'usd',
        'old': 'total_cost_usd', 'rebuilt': 'linked_cost_usd',
        'explanation': [
            'The original queries ask by the id of the team, ',
            'the rebuild goes from the team to the subscription in its record.',
        ],
    },
    {
        'of': 'subscription', 'type': 'opportunity_filter', 'unit': 'usd',
        'old': 'new_business_cost_usd', 'rebuilt': 'opportunity_cost_usd',
        'explanation': [
            'The original queries follow opportunities of new business, ',
            'the rebuild all of them.',
        ],
    },
] %}
{% set paths = ['opportunity', 'new_business'] %}

with metrics as (

    select * from {{ ref('fct_revops_monthly_team_metrics') }}

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

-- Teams whose own record names a subscription that there is.
recorded_teams as (

    select team_id from links
    where link_source = 'team_record'

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
        metrics.fresh_tokens,
        metrics.mean_cost_per_active_user_usd,
        metrics.median_cost_per_active_user_usd,
        metrics.spending_users,
        metrics.active_users_any,
        coalesce(heavy_users.heavy_by_dollars, 0) as heavy_by_dollars,
        coalesce(heavy_users.heavy_by_requests, 0) as heavy_by_requests,
        coalesce(thirty_days.total_cost_usd, 0) as thirty_days_cost_usd,
        -- A month of less than 30 days touches the one before.
        metrics.total_cost_usd + case
            when
                {{ days_between(
                    next_first_day('month', 'metrics.month'), 'metrics.month'
                ) }} < 30
                then coalesce(previous.total_cost_usd, 0)
            else 0
        end as touched_months_cost_usd,
        case when accounts.is_deleted then 0 else metrics.total_cost_usd end
            as kept_accounts_cost_usd,
        case when recorded_teams.team_id is null then 0 else metrics.total_cost_usd end
            as linked_cost_usd
    from metrics
    left join metrics as previous
        on
            {{ add_months('metrics.month', -1) }} = previous.month
            and metrics.team_id = previous.team_id
    left join accounts
        on metrics.account_id = accounts.account_id
    left join recorded_teams
        on metrics.team_id = recorded_teams.team_id
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

-- The subscriptions to which opportunities lead, all of them or those of new business:
-- a team counts once for each.
paths as (

    select distinct
        'opportunity' as link_path,
        team_id,
        subscription_id,
        term_from,
        term_to
    from links
    where link_source = 'opportunity'

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

-- At the end of the month those that run, or all if none does: a renewed team is still
-- in the opportunities of its old subscription.
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
