{{ config(**replaced_by_day(
    'usage_date', changes='stg_google__changed_days', cluster_by=['project_id']
)) }}

-- GRAIN: one row per exported row, in every version of its window, also of loads that
-- are not complete
-- A day of usage has rows of many exports. A run reads those that are new, and keeps
-- the others, so that it need not read all history.
{% set days = changed_days(ref('stg_google__changed_days')) %}
{% set changes = ref('stg_google__changed_exports') %}
{% set exports = none if days is none else google_changed_exports(changes) %}

with source as (

    select * from {{ source('raw_google', 'billing_export') }}
    where {{ in_days('window_start', exports) }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        _dlt_load_id as load_id,
        organization,
        {{ json_text('service.id') }} as service_id,
        {{ json_text('sku.id') }} as sku_id,
        {{ clean_text(json_named_text(
            'system_labels', 'cloud-invoice.googleapis.com/sku_id', called='key'
        )) }} as corrected_sku_id,
        {{ clean_text(json_text('project.id')) }} as project_id,
        -- strings
        {{ json_text('cost_type') }} as cost_type,
        {{ clean_text(json_text('project.name')) }} as project_name,
        {{ json_text('service.description') }} as service_name,
        {{ json_text('sku.description') }} as sku_name,
        upper({{ json_text('currency') }}) as currency,
        {{ google_cost_center_label('labels') }} as request_label,
        {{ google_cost_center_label('project.labels') }} as project_label,
        -- numerics
        {{ json_number('currency_conversion_rate') }} as currency_per_usd,
        {{ json_usd('cost') }} as cost_in_currency,
        {{ json_usd('cost_at_list') }} as list_cost_in_currency,
        coalesce(
            (
                select sum({{ text_to_usd('credit.amount') }})
                from {{ elements_of(
                    json_texts('credits', 'amount'), 'credit', 'amount'
                ) }}
            ),
            0
        ) as credits_in_currency,
        -- dates
        window_start as export_date,
        {{ google_usage_date() }} as usage_date,
        {{ google_month(json_text('invoice.month')) }} as invoice_month
    from source

),

-- Credits are negative.
billed as (

    select
        *,
        cast(cost_in_currency + credits_in_currency as {{ type_money() }})
            as billed_cost_in_currency
    from renamed

),

converted as (

    select
        record_id,
        load_id,
        organization,
        service_id,
        sku_id,
        corrected_sku_id,
        project_id,
        project_name,
        cost_type,
        service_name,
        sku_name,
        currency,
        request_label,
        project_label,
        billed_cost_in_currency,
        {{ usd_at_own_rate(
            'coalesce(list_cost_in_currency, cost_in_currency)', 'currency_per_usd'
        ) }} as list_cost_usd,
        {{ usd_at_own_rate('billed_cost_in_currency', 'currency_per_usd') }}
            as billed_cost_usd,
        export_date,
        usage_date,
        invoice_month
    from billed

),

{% if days is not none %}
known as (

    select * from {{ this }}
    where
        {{ in_days('usage_date', days) }}
        and not {{ in_days('export_date', exports) }}

),

{% endif %}
combined as (

    select * from converted
    where {{ in_days('usage_date', days) }}
    {% if days is not none %}
        union all

        select
            record_id,
            load_id,
            organization,
            service_id,
            sku_id,
            corrected_sku_id,
            project_id,
            project_name,
            cost_type,
            service_name,
            sku_name,
            currency,
            request_label,
            project_label,
            billed_cost_in_currency,
            list_cost_usd,
            billed_cost_usd,
            export_date,
            usage_date,
            invoice_month
        from known
    {%- endif %}

)

select * from combined
