{{ config(**replaced_by_day(
    'x_ChargeDate', changes='int_changed_days',
    cluster_by=['ServiceName', 'x_PersonEmail'], needs_memory=true
)) }}

-- INVARIANT: costs and tokens sum to the facts of the day, to the last digit
{% set days = changed_days(ref('int_changed_days')) %}
{% set dimensions = [
    'charge_date', 'platform_code', 'vendor', 'organization', 'user_email',
    'department', 'team', 'cost_center', 'api_key_id', 'workspace_id',
    'service_account_id', 'product', 'model', 'usage_category', 'cost_type',
    'token_type', 'attribution_method', 'attribution_confidence', 'invoice_month',
] %}
{% set columns = [
    'billing_account_id', 'billing_account_name', 'sub_account_id', 'sub_account_name',
    'billing_period_start', 'billing_period_end', 'charge_period_start',
    'charge_period_end', 'charge_category', 'charge_class', 'charge_frequency',
    'charge_description', 'service_provider_name', 'host_provider_name',
    'invoice_issuer_name', 'service_category', 'service_subcategory', 'service_name',
    'sku_id', 'sku_meter', 'billing_currency', 'list_cost', 'contracted_cost',
    'billed_cost', 'effective_cost', 'pricing_quantity', 'pricing_unit',
    'consumed_quantity', 'consumed_unit', 'tags', 'x_charge_date', 'x_platform_code',
    'x_product', 'x_cost_type', 'x_person_email', 'x_cost_center', 'x_credential_id',
    'x_service_account_id', 'x_attribution_method',
] %}

with costs as (

    select
        *,
        cost_date as charge_date
    from {{ ref('fct_cost_daily') }}
    where {{ in_days('cost_date', days) }}

),

usages as (

    select
        *,
        usage_date as charge_date,
        'usage' as cost_type,
        {{ first_day_of('month', 'usage_date') }} as invoice_month
    from {{ ref('fct_usage_daily') }}
    where
        {{ in_days('usage_date', days) }}
        and total_tokens != 0

),

platforms as (

    select * from {{ ref('dim_platforms') }}

),

workspaces as (

    select * from {{ ref('dim_workspaces') }}

),

vendors as (

    select * from {{ ref('vendors') }}

),

token_types as (

    {{ token_types() }}

),

tokens as (

    select
        usages.*,
        token_types.token_type,
        {{ tokens_of_type('token_types.token_type', 'usages') }} as token_count
    from usages
    cross join token_types

),

-- Tokens and costs are unioned and summed. Without a join, nothing can fan out or get
-- lost.
metered as (

    select
        {% for dimension in dimensions -%}
            {{ dimension }},
        {% endfor -%}
        list_cost_usd,
        billed_cost_usd,
        effective_cost_usd,
        1 as is_cost,
        cast(null as int64) as token_count
    from costs
    where cost_type != 'subscription'

    union all

    select
        {% for dimension in dimensions -%}
            {{ dimension }},
        {% endfor -%}
        cast(0 as {{ type_money() }}) as list_cost_usd,
        cast(0 as {{ type_money() }}) as billed_cost_usd,
        cast(0 as {{ type_money() }}) as effective_cost_usd,
        0 as is_cost,
        token_count
    from tokens
    where token_count != 0

),

-- A seat is bought on the day that its cycle is billed, and used on each of its days.
seats as (

    select
        *,
        'Purchase' as charge_category
    from costs
    where
        cost_type = 'subscription'
        and (billed_cost_usd != 0 or list_cost_usd != 0)

    union all

    select
        *,
        'Usage' as charge_category
    from costs
    where
        cost_type = 'subscription'
        and (effective_cost_usd != 0 or billed_cost_usd = 0)

),

charges as (

    select
        case cost_type
            when 'credit' then 'Credit'
            when 'tax' then 'Tax'
            else 'Usage'
        end as charge_category,
        {% for dimension in dimensions -%}
            {{ dimension }},
        {% endfor -%}
        list_cost_usd,
        billed_cost_usd,
        effective_cost_usd,
        is_cost,
        token_count
    from metered

    union all

    select
        charge_category,
        {% for dimension in dimensions -%}
            {{ dimension }},
        {% endfor -%}
        case charge_category when 'Purchase' then list_cost_usd else 0 end
            as list_cost_usd,
        case charge_category when 'Purchase' then billed_cost_usd else 0 end
            as billed_cost_usd,
        case charge_category when 'Purchase' then 0 else effective_cost_usd end
            as effective_cost_usd,
        1 as is_cost,
        cast(null as int64) as token_count
    from seats

),

summed as (

    select
        charge_category,
        {% for dimension in dimensions -%}
            {{ dimension }},
        {% endfor -%}
        cast(sum(list_cost_usd) as {{ type_money() }}) as list_cost,
        cast(sum(billed_cost_usd) as {{ type_money() }}) as billed_cost,
        cast(sum(effective_cost_usd) as {{ type_money() }}) as effective_cost,
        max(is_cost) as is_cost,
        cast(sum(token_count) as {{ type_number() }}) as consumed_quantity
    from charges
    group by
        {% for dimension in dimensions -%}
            {{ dimension }},
        {% endfor -%}
        charge_category

),

-- FOCUS has null where the facts have `unattributed`.
named as (

    select
        summed.*,
        platforms.platform_name as service_name,
        {{ vendor_name('vendors', 'summed.vendor') }} as vendor_name,
        -- FOCUS allows a tax no SKU.
        case
            when summed.cost_type = 'tax' then null
            when summed.cost_type = 'subscription' then summed.product
            when
                summed.cost_type in ('tool', 'credit', 'correction')
                and summed.model = {{ unattributed() }}
                then summed.token_type
            else summed.model
        end as sku_id,
        case
            when summed.cost_type = 'subscription' then 'seat'
            when summed.cost_type in ('credit', 'correction') then summed.cost_type
            when summed.cost_type = 'tax' then 'tax'
            else coalesce(summed.token_type, 'tokens')
        end as sku_meter,
        nullif(summed.user_email, {{ unattributed() }}) as x_person_email,
        nullif(summed.cost_center, {{ unattributed() }}) as x_cost_center,
        nullif(summed.api_key_id, {{ unattributed() }}) as x_credential_id,
        nullif(summed.workspace_id, {{ unattributed() }}) as sub_account_id,
        case
            when summed.workspace_id != {{ unattributed() }}
                then workspaces.workspace_name
        end as sub_account_name
    from summed
    inner join platforms
        on summed.platform_code = platforms.platform_code
    inner join workspaces
        on summed.workspace_id = workspaces.workspace_id
    left join vendors
        on summed.vendor = vendors.vendor

),

described as (

    select
        concat(vendor, '/', organization) as billing_account_id,
        organization as billing_account_name,
        sub_account_id,
        sub_account_name,
        cast(invoice_month as {{ dbt.type_timestamp() }}) as billing_period_start,
        cast(
            {{ next_first_day('month', 'invoice_month') }}
            as {{ dbt.type_timestamp() }}
        ) as billing_period_end,
        cast(charge_date as {{ dbt.type_timestamp() }}) as charge_period_start,
        cast({{ add_days('charge_date', 1) }} as {{ dbt.type_timestamp() }})
            as charge_period_end,
        charge_category,
        -- What takes back a charge: a refund, or what is left of a year's seat.
        case
            when cost_type = 'correction' then 'Correction'
            when charge_category = 'Purchase' and billed_cost < 0 then 'Correction'
        end as charge_class,
        case
            when cost_type = 'subscription' then 'Recurring'
            when cost_type in ('credit', 'correction') then 'One-Time'
            else 'Usage-Based'
        end as charge_frequency,
        concat(service_name, ': ', coalesce(sku_id, 'no plan'), ', ', sku_meter)
            as charge_description,
        vendor_name as service_provider_name,
        vendor_name as host_provider_name,
        vendor_name as invoice_issuer_name,
        'AI and Machine Learning' as service_category,
        'Generative AI' as service_subcategory,
        service_name,
        sku_id,
        case when sku_id is not null then sku_meter end as sku_meter,
        'USD' as billing_currency,
        list_cost,
        billed_cost as contracted_cost,
        billed_cost,
        effective_cost,
        case is_cost when 1 then consumed_quantity end as pricing_quantity,
        case when is_cost = 1 and consumed_quantity is not null then 'Tokens' end
            as pricing_unit,
        consumed_quantity,
        case when consumed_quantity is not null then 'Tokens' end as consumed_unit,
        {{ json_of(['department', 'team', 'cost_center', 'usage_category']) }} as tags,
        charge_date as x_charge_date,
        platform_code as x_platform_code,
        product as x_product,
        cost_type as x_cost_type,
        x_person_email,
        x_cost_center,
        x_credential_id,
        service_account_id as x_service_account_id,
        attribution_method as x_attribution_method,
        attribution_confidence
    from named

),

spelled as (

    select
        {% for column in columns -%}
            {{ column }} as {{ focus_name(column) }},
        {% endfor -%}
        attribution_confidence as {{ focus_name('x_attribution_confidence') }}
    from described

)

select * from spelled
