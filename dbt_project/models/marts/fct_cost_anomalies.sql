{{ config(
    **replaced_by_day(
        'anomaly_date',
        changes='int_changed_days',
        cluster_by=['scope_type', 'scope'],
        reach=56
    )
) }}

-- GRAIN: one row per day, type of scope and scope that a test flagged
-- The eight weeks before a day say what is usual on it. So a changed day affects as
-- many days after it (`reach`), and a run reads as many days before the ones that it
-- builds.
{% set days = changed_days(ref('int_changed_days')) %}

with costs as (

    -- Seats cost what somebody decided, not what anybody used on the day.
    select
        cost_date,
        platform_code,
        coalesce(department, {{ unattributed() }}) as department,
        user_email,
        api_key_id,
        coalesce(
            nullif(user_email, {{ unattributed() }}), api_key_id
        ) as person_or_key,
        coalesce(nullif(api_key_id, {{ unattributed() }}), model) as key_or_model,
        coalesce(nullif(user_email, {{ unattributed() }}), model) as person_or_model,
        effective_cost_usd
    from {{ ref('fct_cost_daily') }}
    where
        {{ in_days('cost_date', days_since(days, 56)) }}
        and cost_type != 'subscription'

),

api_keys as (

    select * from {{ ref('dim_api_keys') }}

),

platforms as (

    select * from {{ ref('platforms') }}

),

scope_types as (

    select 'platform' as scope_type

    union all

    select 'department' as scope_type

    union all

    select 'user' as scope_type

    union all

    select 'api_key' as scope_type

),

weeks as (

    {% for week in range(1, 9) -%}
        select {{ 7 * week }} as days_before
        {{ "union all" if not loop.last }}
    {% endfor %}

),

scoped as (

    select
        costs.cost_date,
        costs.effective_cost_usd,
        scope_types.scope_type,
        case scope_types.scope_type
            when 'platform' then costs.platform_code
            when 'department' then costs.department
            when 'user' then costs.user_email
            else costs.api_key_id
        end as scope,
        case scope_types.scope_type
            when 'user' then costs.key_or_model
            when 'api_key' then costs.person_or_model
            else costs.person_or_key
        end as contributor
    from costs
    cross join scope_types
    -- Cost without a key is not a scope of keys; it shows under its platform and
    -- person.
    where
        scope_types.scope_type != 'api_key'
        or costs.api_key_id != {{ unattributed() }}

),

contributions as (

    select
        scope_type,
        scope,
        contributor,
        cost_date,
        sum(effective_cost_usd) as cost_usd
    from scoped
    group by all

),

scope_days as (

    select
        scope_type,
        scope,
        cost_date,
        {{ days_between('cost_date', beginning_of_time()) }} as day_number,
        sum(cost_usd) as cost_usd
    from contributions
    group by
        scope_type,
        scope,
        cost_date

),

-- A day without a row cost nothing, and adds nothing to the sum of a week.
dated as (

    select
        scope_type,
        scope,
        cost_date,
        cost_usd,
        day_number - min(day_number) over (
            partition by scope_type, scope
            order by day_number
            range between 56 preceding and current row
        ) as days_known,
        coalesce(
            sum(cost_usd) over (
                partition by scope_type, scope
                order by day_number
                range between 7 preceding and 1 preceding
            ),
            0
        ) as week_before_usd
    from scope_days

),

candidates as (

    select * from dated
    where
        {{ in_days('cost_date', days) }}
        and cost_date < {{ as_of_date() }}
        and days_known >= {{ var('anomaly_new_days') }}
        and cost_usd >= {{ least_anomaly() }}

),

candidate_weeks as (

    select
        candidates.scope_type,
        candidates.scope,
        candidates.cost_date,
        {{ subtract_days('candidates.cost_date', 'weeks.days_before') }} as past_date
    from candidates
    inner join weeks
        on candidates.days_known >= weeks.days_before

),

past_costs as (

    select
        candidate_weeks.scope_type,
        candidate_weeks.scope,
        candidate_weeks.cost_date,
        coalesce(scope_days.cost_usd, 0) as past_usd
    from candidate_weeks
    left join scope_days
        on
            candidate_weeks.scope_type = scope_days.scope_type
            and candidate_weeks.scope = scope_days.scope
            and candidate_weeks.past_date = scope_days.cost_date

),

-- A median may be half of a sum, so it has eight decimals: rounding a ninth could
-- differ between engines.
medians as (

    select
        scope_type,
        scope,
        cost_date,
        past_usd,
        {{ median_over('round(past_usd, 8)', ['scope_type', 'scope', 'cost_date']) }}
            as median_usd
    from past_costs

),

absolute_deviations as (

    select
        scope_type,
        scope,
        cost_date,
        median_usd,
        {{ median_over(
            'round(abs(past_usd - median_usd), 8)',
            ['scope_type', 'scope', 'cost_date']
        ) }} as mad_usd
    from medians

),

baselines as (

    select
        scope_type,
        scope,
        cost_date,
        max(median_usd) as median_usd,
        max(mad_usd) as mad_usd,
        count(*) as baseline_days
    from absolute_deviations
    group by
        scope_type,
        scope,
        cost_date

),

measured as (

    select
        candidates.scope_type,
        candidates.scope,
        candidates.cost_date,
        candidates.days_known,
        candidates.week_before_usd,
        coalesce(baselines.baseline_days, 0) as baseline_days,
        {{ anomaly_limit('candidates.scope_type') }} as limit_usd,
        cast(candidates.cost_usd as {{ type_money() }}) as cost_usd,
        cast(coalesce(baselines.median_usd, 0) as {{ type_money() }}) as baseline_usd,
        cast(coalesce(baselines.mad_usd, 0) as {{ type_money() }}) as mad_usd,
        cast(
            candidates.cost_usd - coalesce(baselines.median_usd, 0)
            as {{ type_money() }}
        ) as excess_usd,
        {{ ratio('candidates.week_before_usd', '7') }} as week_mean_usd
    from candidates
    left join baselines
        on
            candidates.scope_type = baselines.scope_type
            and candidates.scope = baselines.scope
            and candidates.cost_date = baselines.cost_date

),

deviating as (

    select
        *,
        -- 1.4826 times the MAD is the standard deviation if the costs are normally
        -- distributed.
        cast(
            round(
                {{ ratio(
                    'excess_usd', "mad_usd * cast('1.4826' as " ~ type_number() ~ ")"
                ) }},
                3
            ) as {{ type_number() }}
        ) as deviation
    from measured

),

tested as (

    select
        *,
        coalesce(
            baseline_days >= {{ var('anomaly_min_baseline_days') }}
            and excess_usd >= {{ usd_setting('anomaly_min_excess_usd') }}
            and excess_usd
            >= baseline_usd * {{ number_setting('anomaly_min_relative_excess') }}
            and coalesce(
                deviation >= {{ number_setting('anomaly_min_deviation') }}, true
            ),
            false
        ) as is_above_baseline,
        coalesce(cost_usd > limit_usd, false) as is_above_threshold,
        -- What the weekday always costs is not a jump, however quiet the days before
        -- were.
        cost_usd - week_mean_usd >= {{ usd_setting('anomaly_min_jump_usd') }}
        and cost_usd >= week_mean_usd * {{ number_setting('anomaly_jump_ratio') }}
        and excess_usd >= {{ usd_setting('anomaly_min_jump_usd') }} as is_jump
    from deviating

),

fired as (

    select
        *,
        case
            when excess_usd >= {{ usd_setting('anomaly_critical_usd') }} then 'critical'
            when is_above_threshold and baseline_usd <= limit_usd then 'critical'
            when is_above_threshold then 'warning'
            when excess_usd >= {{ usd_setting('anomaly_warning_usd') }} then 'warning'
            else 'info'
        end as severity
    from tested
    where
        is_above_baseline
        or is_above_threshold
        or is_jump

),

-- The contributors on the day, each compared with their own past in the scope.
contributors as (

    select
        fired.scope_type,
        fired.scope,
        fired.cost_date,
        fired.days_known,
        contributions.contributor,
        contributions.cost_usd
    from fired
    inner join contributions
        on
            fired.scope_type = contributions.scope_type
            and fired.scope = contributions.scope
            and fired.cost_date = contributions.cost_date

),

contributor_weeks as (

    select
        contributors.scope_type,
        contributors.scope,
        contributors.cost_date,
        contributors.contributor,
        {{ subtract_days('contributors.cost_date', 'weeks.days_before') }} as past_date
    from contributors
    inner join weeks
        on contributors.days_known >= weeks.days_before

),

contributor_medians as (

    select
        contributor_weeks.scope_type,
        contributor_weeks.scope,
        contributor_weeks.cost_date,
        contributor_weeks.contributor,
        {{ median_over('round(coalesce(contributions.cost_usd, 0), 8)', [
            'contributor_weeks.scope_type',
            'contributor_weeks.scope',
            'contributor_weeks.cost_date',
            'contributor_weeks.contributor',
        ]) }} as median_usd
    from contributor_weeks
    left join contributions
        on
            contributor_weeks.scope_type = contributions.scope_type
            and contributor_weeks.scope = contributions.scope
            and contributor_weeks.contributor = contributions.contributor
            and contributor_weeks.past_date = contributions.cost_date

),

contributor_baselines as (

    select
        scope_type,
        scope,
        cost_date,
        contributor,
        max(median_usd) as median_usd
    from contributor_medians
    group by all

),

contributor_excesses as (

    select
        contributors.scope_type,
        contributors.scope,
        contributors.cost_date,
        contributors.contributor,
        contributors.cost_usd
        - coalesce(contributor_baselines.median_usd, 0) as excess_usd
    from contributors
    left join contributor_baselines
        on
            contributors.scope_type = contributor_baselines.scope_type
            and contributors.scope = contributor_baselines.scope
            and contributors.cost_date = contributor_baselines.cost_date
            and contributors.contributor = contributor_baselines.contributor

),

ranked as (

    select
        scope_type,
        scope,
        cost_date,
        contributor,
        excess_usd,
        row_number() over (
            partition by scope_type, scope, cost_date
            order by excess_usd desc, contributor asc
        ) as excess_rank
    from contributor_excesses
    where excess_usd > 0

),

explanations as (

    select
        ranked.scope_type,
        ranked.scope,
        ranked.cost_date,
        string_agg(
            concat(
                coalesce(api_keys.api_key_name, ranked.contributor),
                ' +',
                {{ usd_in_words('ranked.excess_usd') }}
            ),
            ', '
            order by ranked.excess_rank
        ) as explained_by,
        max(case when ranked.excess_rank = 1 then ranked.contributor end)
            as main_contributor,
        max(ranked.excess_usd) as main_contributor_excess_usd
    from ranked
    left join api_keys
        on ranked.contributor = api_keys.api_key_id
    where ranked.excess_rank <= 3
    group by
        ranked.scope_type,
        ranked.scope,
        ranked.cost_date

),

-- From the broadest to the narrowest: a person's day is in their department's.
placed as (

    select
        fired.scope_type,
        fired.scope,
        fired.cost_date,
        explanations.main_contributor,
        case fired.scope_type
            when 'platform' then 1
            when 'department' then 2
            when 'user' then 3
            else 4
        end as scope_rank,
        case fired.severity
            when 'critical' then 1
            when 'warning' then 2
            else 3
        end as severity_rank
    from fired
    left join explanations
        on
            fired.scope_type = explanations.scope_type
            and fired.scope = explanations.scope
            and fired.cost_date = explanations.cost_date

),

parts as (

    select distinct
        narrower.scope_type,
        narrower.scope,
        narrower.cost_date
    from placed as narrower
    inner join placed as broader
        on
            narrower.cost_date = broader.cost_date
            and narrower.scope_rank > broader.scope_rank
            and narrower.severity_rank >= broader.severity_rank
            and (
                narrower.scope = broader.main_contributor
                or narrower.main_contributor = broader.scope
                -- What a person and a key have in common is a model, not money.
                or (
                    broader.scope_type != 'user'
                    and narrower.main_contributor = broader.main_contributor
                )
            )

),

explained as (

    select
        fired.cost_date as anomaly_date,
        fired.scope_type,
        fired.scope,
        case fired.scope_type
            when 'platform' then coalesce(platforms.platform_name, fired.scope)
            when 'api_key' then coalesce(api_keys.api_key_name, fired.scope)
            else fired.scope
        end as scope_name,
        fired.severity,
        fired.is_above_baseline,
        fired.is_above_threshold,
        fired.is_jump,
        fired.cost_usd,
        fired.baseline_usd,
        fired.mad_usd,
        cast(fired.baseline_days as int64) as baseline_days,
        fired.excess_usd,
        fired.deviation,
        fired.week_mean_usd,
        fired.limit_usd as threshold_usd,
        parts.scope is not null as is_part_of_another,
        explanations.explained_by,
        explanations.main_contributor,
        cast(explanations.main_contributor_excess_usd as {{ type_money() }})
            as main_contributor_excess_usd
    from fired
    left join explanations
        on
            fired.scope_type = explanations.scope_type
            and fired.scope = explanations.scope
            and fired.cost_date = explanations.cost_date
    left join parts
        on
            fired.scope_type = parts.scope_type
            and fired.scope = parts.scope
            and fired.cost_date = parts.cost_date
    left join api_keys
        on fired.scope = api_keys.api_key_id
    left join platforms
        on fired.scope = platforms.platform_code

)

select * from explained
