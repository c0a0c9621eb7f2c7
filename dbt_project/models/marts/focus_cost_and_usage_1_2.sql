{{ config(materialized='view') }}

-- GRAIN: the same as focus_cost_and_usage, with the columns of FOCUS 1.2
{% set columns = [
    'billing_account_id', 'billing_account_name', 'sub_account_id', 'sub_account_name',
    'billing_period_start', 'billing_period_end', 'charge_period_start',
    'charge_period_end', 'charge_category', 'charge_class', 'charge_frequency',
    'charge_description', 'invoice_issuer_name', 'service_category',
    'service_subcategory', 'service_name', 'sku_id', 'sku_meter', 'billing_currency',
    'list_cost', 'contracted_cost', 'billed_cost', 'effective_cost', 'pricing_quantity',
    'pricing_unit', 'consumed_quantity', 'consumed_unit', 'tags', 'x_charge_date',
    'x_platform_code', 'x_product', 'x_cost_type', 'x_person_email', 'x_cost_center',
    'x_credential_id', 'x_service_account_id', 'x_attribution_method',
    'x_attribution_confidence',
] %}

with charges as (

    select * from {{ ref('focus_cost_and_usage') }}

),

renamed as (

    select
        {% for column in columns -%}
            {{ focus_name(column) }},
        {% endfor -%}
        {{ focus_name('service_provider_name') }} as {{ focus_name('provider_name') }},
        {{ focus_name('service_provider_name') }} as {{ focus_name('publisher_name') }},
        case when {{ focus_name('charge_category') }} != 'Tax' then 'Standard' end
            as {{ focus_name('pricing_category') }}
    from charges

)

select * from renamed
