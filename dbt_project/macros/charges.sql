{# What a Cursor event costs, for every model that says so. #}

{# Older answers lack the charge; this formula held in every answer that has it. #}
{% macro cursor_charge_usd(events) -%}
    coalesce(
        {{ events }}.charged_usd,
        {{ less_percent(
            events ~ '.model_cost_usd', 'coalesce(' ~ events ~ '.discount_percent, 0)'
        ) }} + coalesce({{ events }}.token_fee_usd, 0),
        {{ events }}.token_fee_usd,
        0
    )
{%- endmacro %}

{# A kind that nobody knows is billed until somebody says otherwise: a test names it. #}
{% macro cursor_charge_category(kinds) -%}
    coalesce({{ kinds }}.charge_category, 'unknown')
{%- endmacro %}

{% macro is_cash(charge_category) -%}
    {{ charge_category }} in ('on_demand', 'unknown')
{%- endmacro %}
