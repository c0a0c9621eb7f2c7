{{ config(**replaced_by_day(
    'activity_date',
    changes='int_changed_days',
    cluster_by=['platform_code', 'department', 'user_email'],
    whole_months=true
)) }}

-- GRAIN: one row per day, person and platform; where no person is known, also per cost
-- center
-- INVARIANT: a day costs what fct_cost_daily says that knowledge work cost
-- A person's type is of the month, so all days of a changed month are built again.
{% set days = days_of_changed_months(ref('int_changed_days')) %}
{% set key = [
    'activity_date', 'platform_code', 'user_sk', 'user_email', 'department', 'team',
    'cost_center',
] %}
{% set counts = [
    'conversations', 'sessions', 'messages', 'artifacts', 'projects', 'files', 'searches',
    'requests', 'total_tokens',
] %}
{% set counts_of_claude_ai = [
    'artifacts', 'projects', 'files', 'searches'
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
            when product = 'chat_cowork_unified' then 'chat'
            else product
        end as surface,
        1 as usage_rows,
        case when usage_type = 'model_request' and requests is null then 1 else 0 end
            as uncounted_rows,
        case when usage_type = 'chat' then sessions end as conversations,
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
        0 as usage_rows,
        0 as uncounted_rows,
        {% for count in counts %}
            cast(null as int64) as {{ count }},
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
        sum(usage_rows) as usage_rows,
        sum(uncounted_rows) as uncounted_rows,
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
        {{ measured('summed.conversations', 'platforms.measures_sessions') }}
            as conversations,
        {{ measured('summed.sessions', 'platforms.measures_sessions') }} as sessions,
        {{ measured('summed.messages', 'platforms.measures_messages') }} as messages,
        case when summed.platform_code = 'claude_ai' then summed.active_surfaces end
            as active_surfaces,
        {% for count in counts_of_claude_ai %}
            {{ measured('summed.' ~ count, "summed.platform_code = 'claude_ai'") }}
                as {{ count }},
        {% endfor %}
        case when summed.uncounted_rows = 0 then coalesce(summed.requests, 0) end
            as requests,
        {{ measured('summed.total_tokens', 'platforms.measures_tokens') }}
            as total_tokens,
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
