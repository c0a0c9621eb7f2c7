-- The models of the last days are in the seed models (unknown_models_warn, _error). Add
-- the ones named here, so that they have a vendor and a family.
{{ config(
    store_failures=true,
    fail_calc='coalesce(max(quality_level), 0)',
    warn_if='>= 1',
    error_if='>= 2',
) }}

with models as (

    select * from {{ ref('dim_models') }}
    where not is_known

),

recent as (

    select
        models.model,
        sum(facts.effective_cost_usd) as cost_usd,
        count(*) over () as unknown_models
    from {{ ref('fct_cost_daily') }} as facts
    inner join models
        on facts.model = models.model
    where facts.cost_date >= {{ judged_since() }}
    group by models.model

),

judged as (

    select
        *,
        {{ quality_level('unknown_models', '>', 'unknown_models') }} as quality_level,
        concat(
            'Nobody listed the model ', model, ', which cost ',
            {{ usd_in_words('cost_usd') }}, ' lately: add it to the seed models.'
        ) as sentence
    from recent

)

select * from judged
where quality_level > 0
