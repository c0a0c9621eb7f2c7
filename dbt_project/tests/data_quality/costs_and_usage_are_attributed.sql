-- Over the last days, most of what each organization spent, and most of its tokens, is
-- attributed to a person or a cost center (attributed_share_warn, _error).
{{ config(
    store_failures=true,
    fail_calc='coalesce(max(quality_level), 0)',
    warn_if='>= 1',
    error_if='>= 2',
) }}

with days as (

    select * from {{ ref('fct_data_quality_daily') }}
    where quality_date >= {{ judged_since() }}

),

shares as (

    select
        source_name,
        organization,
        sum(cost_usd) - sum(attributed_cost_usd) as unattributed_cost_usd,
        {{ ratio('sum(attributed_cost_usd)', 'sum(cost_usd)') }}
            as attributed_cost_share,
        {{ ratio('sum(attributed_tokens)', 'sum(tokens)') }} as attributed_usage_share
    from days
    group by source_name, organization

),

judged as (

    select
        *,
        {{ quality_level(
            'least(coalesce(attributed_cost_share, 1), coalesce(attributed_usage_share, 1))',
            '<',
            'attributed_share'
        ) }} as quality_level,
        concat(
            {{ usd_in_words('unattributed_cost_usd') }}, ' of what ', source_name,
            case
                when organization = source_name then ''
                else concat(' ', organization)
            end,
            ' cost lately are unattributed: map its keys and accounts.'
        ) as sentence
    from shares

)

select * from judged
where quality_level > 0
