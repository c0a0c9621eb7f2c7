-- Every version of every window, also of loads that are not complete.
with source as (

    select * from {{ source('raw_google', 'billing_export') }}

),

renamed as (

    select
        -- ids
        _dlt_id as record_id,
        _dlt_load_id as load_id,
        organization,
        {{ json_text('service.id') }} as service_id,
        {{ json_text('sku.id') }} as sku_id,
        {{ clean_text(json_text('project.id')) }} as project_id,
        -- strings
        {{ json_text('cost_type') }} as cost_type,
        {{ json_text('service.description') }} as service_name,
        {{ json_text('sku.description') }} as sku_name,
        upper({{ json_text('currency') }}) as currency,
        -- numerics
        {{ json_number('currency_conversion_rate') }} as currency_per_usd,
        {{ json_usd('cost') }} as cost_in_currency,
        {{ json_usd('cost_at_list') }} as list_cost_in_currency,
        coalesce(
            (
                select sum({{ text_to_usd('credit.amount') }})
                from {{ json_texts_of('credits', 'amount', 'credit') }}
            ),
            0
        ) as credits_in_currency,
        -- dates
        window_start as export_date,
        cast({{ text_to_timestamp(json_text('usage_start_time')) }} as date)
            as usage_date,
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
        project_id,
        cost_type,
        service_name,
        sku_name,
        currency,
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

)

select * from converted
