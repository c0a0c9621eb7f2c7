{# What is special to Cursor, for the models of its folder in staging. #}

{# Older answers have no charge; this formula matched every answer that has one. #}
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

{# An unknown kind counts as billed until somebody says otherwise; a test lists it. #}
{% macro cursor_charge_category(kinds) -%}
    coalesce({{ kinds }}.charge_category, 'unknown')
{%- endmacro %}

{% macro is_cash(charge_category) -%}
    {{ charge_category }} in ('on_demand', 'unknown')
{%- endmacro %}

{#
The kind of a Cursor event in one spelling: both "Included in Pro Plus" and
USAGE_EVENT_KIND_INCLUDED_IN_PRO_PLUS become INCLUDED_IN_PRO_PLUS.
#}
{% macro cursor_kind(kind) -%}
    replace(
        replace(replace(replace(upper({{ kind }}), ', ', '_'), ' ', '_'), '-', '_'),
        'USAGE_EVENT_KIND_', ''
    )
{%- endmacro %}
