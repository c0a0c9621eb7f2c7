{# What is special to GitHub, for the models of its folder in staging. #}

{# A SKU in one spelling: both "Copilot AI Credits" and copilot_ai_credit become
copilot_ai_credit. #}
{% macro github_sku(sku) -%}
    replace(
        replace(replace(lower({{ trimmed(sku) }}), ' ', '_'), '-', '_'),
        'ai_credits', 'ai_credit'
    )
{%- endmacro %}

{# Whether a SKU that no seed knows could be of Copilot, and has to be noticed. #}
{% macro looks_like_copilot(product, sku) -%}
    (
        lower({{ product }}) in ('copilot', 'spark', 'models')
        {%- for word in ['copilot', 'ai_credit', 'premium_request', 'coding_agent', 'spark'] %}
        or {{ sku }} like '%{{ word }}%'
        {%- endfor %}
    )
{%- endmacro %}

{# What the login of an organization is if it is like its name, given in lower case: of
"acme labs, inc." acme-labs-inc. A login is itself. #}
{% macro github_login(name) -%}
    {{ return(adapter.dispatch('github_login')(name)) }}
{%- endmacro %}

{% macro duckdb__github_login(name) -%}
    trim(regexp_replace({{ name }}, '[^a-z0-9]+', '-', 'g'), '-')
{%- endmacro %}

{% macro bigquery__github_login(name) -%}
    trim(regexp_replace({{ name }}, r'[^a-z0-9]+', '-'), '-')
{%- endmacro %}

{# A model as other vendors call it: both "Claude Sonnet 4.6" and "Auto: Claude Sonnet 4.6" are
claude-sonnet-4-6. #}
{% macro github_model(model) -%}
    {%- set code -%}
        replace(replace(lower({{ trimmed(model) }}), 'auto: ', ''), ' ', '-')
    {%- endset -%}
    case
        when {{ code }} like 'claude%' then replace({{ code }}, '.', '-')
        else nullif({{ code }}, '')
    end
{%- endmacro %}

{# Dollars as a whole number that shares can be cut by: billionths, none for what is below zero. #}
{% macro usd_weight(amount) -%}
    greatest(cast(trunc({{ amount }} * 1000000000) as int64), 0)
{%- endmacro %}
