{{ config(tags=['every_run'], **replaced_by_day(
    'quality_date',
    changes='int_changed_judged_days',
    cluster_by=['source_name', 'organization'],
    recent=var('data_quality_days')
)) }}

-- What is expected of a day, and when it was last requested, keeps changing after its
-- records no longer do. So every run builds the days that are judged again.
-- INVARIANT: costs and tokens sum to those of the facts
{% set days = changed_days(ref('int_changed_judged_days')) %}

with all_windows as (

    {% for windows in ['int_windows', 'int_revops_windows'] %}
        select
            source_name,
            organization,
            resource,
            window_start,
            is_daily
        from {{ ref(windows) }}
        {{ "union all" if not loop.last }}
    {% endfor %}

),

windows as (

    select
        *,
        -- The legacy reports stand in for the Analytics API, so only one of the two is
        -- due.
        case resource
            when 'cost_report' then 'analytics_cost'
            when 'usage_report_messages' then 'analytics_usage'
            when 'costs_by_identity' then 'costs'
            else resource
        end as report
    from all_windows

),

extractions as (

    select * from {{ ref('int_extractions') }}

),

costs as (

    select * from {{ ref('fct_cost_daily') }}
    where {{ in_days('cost_date', days) }}

),

usages as (

    select * from {{ ref('fct_usage_daily') }}
    where {{ in_days('usage_date', days) }}

),

models as (

    select * from {{ ref('dim_models') }}

),

charges as (

    select * from {{ ref('int_unknown_charges') }}
    where {{ in_days('cost_date', days) }}

),

days as (

    select * from {{ ref('int_days') }}
    where
        {{ in_days('date_day', days) }}
        and date_day < {{ as_of_date() }}

),

-- A report that never answered is one that the credential may not read.
reports as (

    select
        source_name,
        organization,
        report,
        case report
            {%- for name, lag in var('publication_lag_days').items() %}
                when '{{ name }}' then {{ lag }}
            {%- endfor %}
            else 0
        end as lag_days,
        min(window_start) as first_day
    from windows
    where is_daily
    group by source_name, organization, report

),

-- The first reading of a source of RevOps is of all that there is, and lands the days
-- on which something happened. Usage events are read by id: every reading is of all
-- days before it.
readings as (

    select
        source_name,
        organization,
        resource as report,
        cast(
            case
                when resource = 'usage_events' then max(loaded_at)
                else min(loaded_at)
            end as date
        ) as read_before
    from extractions
    where source_name in ({{ sql_list(var('seller_sources')) }})
    group by source_name, organization, resource

),

landed as (

    select
        source_name,
        organization,
        report,
        window_start
    from windows
    where
        is_daily
        and {{ in_days('window_start', days) }}

    union distinct

    select
        readings.source_name,
        readings.organization,
        readings.report,
        days.date_day as window_start
    from readings
    inner join days
        on readings.read_before > days.date_day

    union distinct

    -- A day on which nothing happened has no version, but was asked for.
    select
        source_name,
        organization,
        resource as report,
        window_start
    from extractions
    where
        source_name in ({{ sql_list(var('seller_sources')) }})
        and {{ in_days('window_start', days) }}

),

expected as (

    select
        days.date_day as quality_date,
        reports.source_name,
        reports.organization,
        cast(count(*) as int64) as windows_expected,
        cast(count(landed.report) as int64) as windows_landed
    from reports
    inner join days
        on
            reports.first_day <= days.date_day
            and {{ last_day_of('reports.source_name', 'reports.organization') }}
            >= days.date_day
            and {{ add_days('days.date_day', 'reports.lag_days') }} < {{ as_of_date() }}
    left join landed
        on
            reports.source_name = landed.source_name
            and reports.organization = landed.organization
            and reports.report = landed.report
            and days.date_day = landed.window_start
    group by days.date_day, reports.source_name, reports.organization

),

resources as (

    select distinct
        source_name,
        organization,
        resource,
        is_daily
    from windows

),

newest_extractions as (

    select
        extractions.source_name,
        extractions.organization,
        extractions.rejected,
        extractions.window_start,
        resources.is_daily
    from extractions
    inner join resources
        on
            extractions.source_name = resources.source_name
            and extractions.organization = resources.organization
            and extractions.resource = resources.resource
    qualify row_number() over (
        partition by
            extractions.source_name,
            extractions.organization,
            extractions.resource,
            extractions.window_start
        order by extractions.loaded_at desc, extractions.extraction_id desc
    ) = 1

),

-- A directory or sheet is landed for the day of the run, and counts for the day before,
-- which that run reads. As long as it does not change, each run refuses the same
-- records.
refused as (

    select
        days.date_day as quality_date,
        newest_extractions.source_name,
        newest_extractions.organization,
        cast(sum(newest_extractions.rejected) as int64) as rejected_records
    from newest_extractions
    inner join days
        on
            case
                when newest_extractions.is_daily then days.date_day
                else {{ add_days('days.date_day', 1) }}
            end = newest_extractions.window_start
    group by
        days.date_day,
        newest_extractions.source_name,
        newest_extractions.organization

),

loads as (

    select distinct
        source_name,
        organization,
        loaded_at
    from extractions

),

-- A day should have been requested by the end of the next day.
last_loads as (

    select
        days.date_day as quality_date,
        loads.source_name,
        loads.organization,
        max(loads.loaded_at) as last_loaded_at
    from loads
    inner join days
        on
            loads.loaded_at
            < cast({{ add_days('days.date_day', 2) }} as {{ dbt.type_timestamp() }})
    group by days.date_day, loads.source_name, loads.organization

),

fact_rows as (

    select
        cost_date as quality_date,
        case source when 'seat_plans' then 'google_sheets' else vendor end
            as source_name,
        organization,
        model,
        effective_cost_usd as cost_usd,
        case
            when is_attributed then effective_cost_usd
            else cast(0 as {{ type_money() }})
        end as attributed_cost_usd,
        0 as tokens,
        0 as attributed_tokens
    from costs

    union all

    select
        usage_date as quality_date,
        vendor as source_name,
        organization,
        model,
        cast(0 as {{ type_money() }}) as cost_usd,
        cast(0 as {{ type_money() }}) as attributed_cost_usd,
        total_tokens as tokens,
        case when is_attributed then total_tokens else 0 end as attributed_tokens
    from usages

),

facts as (

    select
        fact_rows.quality_date,
        fact_rows.source_name,
        fact_rows.organization,
        cast(sum(fact_rows.cost_usd) as {{ type_money() }}) as cost_usd,
        cast(sum(fact_rows.attributed_cost_usd) as {{ type_money() }})
            as attributed_cost_usd,
        cast(sum(fact_rows.tokens) as int64) as tokens,
        cast(sum(fact_rows.attributed_tokens) as int64) as attributed_tokens,
        cast(
            count(distinct case when not models.is_known then models.model end)
            as int64
        ) as unknown_models
    from fact_rows
    inner join models
        on fact_rows.model = models.model
    group by
        fact_rows.quality_date,
        fact_rows.source_name,
        fact_rows.organization

),

unknown_charges as (

    select
        cost_date as quality_date,
        source_name,
        organization,
        cast(count(distinct coalesce(kind, '')) as int64) as unknown_kinds
    from charges
    group by cost_date, source_name, organization

),

spans as (

    select
        source_name,
        organization,
        min(case when is_daily then window_start end) as first_window,
        min(case when not is_daily then window_start end) as first_snapshot
    from windows
    group by source_name, organization

),

judged as (

    select
        days.date_day as quality_date,
        spans.source_name,
        spans.organization
    from spans
    inner join days
        on
            spans.first_window <= days.date_day
            or spans.first_snapshot <= {{ add_days('days.date_day', 1) }}

    union distinct

    select
        quality_date,
        source_name,
        organization
    from facts

),

joined as (

    select
        judged.quality_date,
        judged.source_name,
        judged.organization,
        coalesce(expected.windows_expected, 0) as windows_expected,
        coalesce(expected.windows_landed, 0) as windows_landed,
        {{ ratio('expected.windows_landed', 'expected.windows_expected') }}
            as completeness,
        last_loads.last_loaded_at,
        case
            when
                judged.quality_date
                <= {{ last_day_of('judged.source_name', 'judged.organization') }}
                then {{ hours_between(
                    'cast(' ~ add_days('judged.quality_date', 2)
                    ~ ' as ' ~ dbt.type_timestamp() ~ ')',
                    'last_loads.last_loaded_at',
                ) }}
        end as hours_since_last_load,
        coalesce(refused.rejected_records, 0) as rejected_records,
        coalesce(facts.cost_usd, 0) as cost_usd,
        coalesce(facts.attributed_cost_usd, 0) as attributed_cost_usd,
        {{ ratio('facts.attributed_cost_usd', 'facts.cost_usd') }}
            as attributed_cost_share,
        coalesce(facts.tokens, 0) as tokens,
        coalesce(facts.attributed_tokens, 0) as attributed_tokens,
        {{ ratio('facts.attributed_tokens', 'facts.tokens') }}
            as attributed_usage_share,
        coalesce(facts.unknown_models, 0) as unknown_models,
        case
            when judged.source_name in ('cursor', 'github', 'google')
                then coalesce(unknown_charges.unknown_kinds, 0)
        end as unknown_kinds
    from judged
    left join expected
        on
            judged.quality_date = expected.quality_date
            and judged.source_name = expected.source_name
            and judged.organization = expected.organization
    left join last_loads
        on
            judged.quality_date = last_loads.quality_date
            and judged.source_name = last_loads.source_name
            and judged.organization = last_loads.organization
    left join refused
        on
            judged.quality_date = refused.quality_date
            and judged.source_name = refused.source_name
            and judged.organization = refused.organization
    left join facts
        on
            judged.quality_date = facts.quality_date
            and judged.source_name = facts.source_name
            and judged.organization = facts.organization
    left join unknown_charges
        on
            judged.quality_date = unknown_charges.quality_date
            and judged.source_name = unknown_charges.source_name
            and judged.organization = unknown_charges.organization

)

select * from joined
