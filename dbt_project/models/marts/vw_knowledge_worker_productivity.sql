{{ config(**replaced_by_day(
    'activity_date',
    changes='int_changed_days',
    cluster_by=['platform_code', 'department', 'user_email'],
    whole_months=true
)) }}

-- GRAIN: one row per day, person and platform; where no person is known, also per cost
-- center
-- INVARIANT: a day costs what fct_cost_daily says that knowledge work cost
-- A person's type is of the month, so a changed day has all days of its month built again.
{% set days = days_of_changed_months(ref('int_changed_days')) %}
{% set key = [
    'activity_date', 'platform_code', 'user_sk', 'user_email', 'department', 'team',
    'cost_center',
] %}
{% set counts = [
    'usage_rows', 'uncounted_rows', 'conversations', 'sessions', 'messages', 'artifacts',
    'projects', 'files', 'searches', 'requests', 'total_tokens',
] %}
{% set counts_of_claude_ai = [
    'active_surfaces', 'artifacts', 'projects', 'files', 'searches'
] %}
{% set costs_usd = ['list_cost_usd', 'billed_cost_usd', 'effective_cost_usd'] %}

with usages as (

    select * from {{ ref('fct_usage_daily') }}
    where
        {{ in_days('usage_date', days) }}
        and usage_category = 'knowledge_work'

),

costs as (

    select * from {{ ref('fct_cost_daily') }}
    where
        {{ in_days('cost_date', days) }}
        and usage_category = 'knowledge_work'

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

user_months as (

    select * from {{ ref('rollup_active_days_by_month') }}

),

-- Rows of usage and of cost are unioned, so that neither multiplies the other and
-- either may be missing.
unioned as (

    select
        usage_date as activity_date,
        platform_code,
        user_sk,
        user_email,
        department,
        team,
        cost_center,
        -- The activity and token reports have different names for the same surfaces.
        case
            when platform_code != 'claude_ai' then null
            when product = 'office_agent' then 'office'
            when product = 'claude_design' then 'design'
            else product
        end as surface,
        1 as usage_rows,
        case when source = 'usage_report_messages' then 1 else 0 end as uncounted_rows,
        case when usage_type = 'chat' then sessions else 0 end as conversations,
        sessions,
        messages,
        artifacts,
        projects,
        files,
        searches,
        requests,
        total_tokens,
        cast(0 as {{ type_money() }}) as list_cost_usd,
        cast(0 as {{ type_money() }}) as billed_cost_usd,
        cast(0 as {{ type_money() }}) as effective_cost_usd
    from usages

    union all

    select
        cost_date as activity_date,
        platform_code,
        user_sk,
        user_email,
        department,
        team,
        cost_center,
        null as surface,
        {% for count in counts %}
            0 as {{ count }},
        {% endfor %}
        list_cost_usd,
        billed_cost_usd,
        effective_cost_usd
    from costs

),

summed as (

    select
        {{ key | join(', ') }},
        count(distinct surface) as active_surfaces,
        string_agg(distinct surface, ', ' order by surface) as surfaces,
        {% for count in counts %}
            cast(sum({{ count }}) as int64) as {{ count }},
        {% endfor %}
    {%- for cost in costs_usd %}
        cast(sum({{ cost }}) as {{ type_money() }}) as {{ cost }}
        {{- "," if not loop.last }}
    {% endfor %}
    from unioned
    group by {{ key | join(', ') }}

),

-- What a vendor does not measure is null, not zero.
measured as (

    select
        summed.activity_date,
        summed.platform_code,
        summed.user_sk,
        summed.user_email,
        summed.department,
        summed.team,
        summed.cost_center,
        user_months.user_type,
        summed.usage_rows > 0 as is_active,
        summed.surfaces,
        case when platforms.measures_sessions then summed.conversations end
            as conversations,
        case when platforms.measures_sessions then summed.sessions end as sessions,
        case when platforms.measures_messages then summed.messages end as messages,
        {% for count in counts_of_claude_ai %}
            case when summed.platform_code = 'claude_ai' then summed.{{ count }} end
                as {{ count }},
        {% endfor %}
        case when summed.uncounted_rows = 0 then summed.requests end as requests,
        summed.total_tokens,
        summed.list_cost_usd,
        summed.billed_cost_usd,
        summed.effective_cost_usd
    from summed
    inner join platforms
        on summed.platform_code = platforms.platform_code
    left join user_months
        on
            {{ first_day_of('month', 'summed.activity_date') }} = user_months.month
            and summed.user_email = user_months.user_email

)

select * from measured
