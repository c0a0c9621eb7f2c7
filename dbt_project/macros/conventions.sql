{# Rules of a line or two that several models share. #}

{# The day of the run: days before it are complete. #}
{% macro as_of_date() -%}
    date '{{ var("as_of_date") or run_started_at.strftime("%Y-%m-%d") }}'
{%- endmacro %}

{# A day some days before that of the run, as a literal: engines can prune by it. #}
{% macro days_before_run(days) -%}
    {%- set run = modules.datetime.date.fromisoformat(
        (var("as_of_date") or run_started_at.strftime("%Y-%m-%d")) | string
    ) -%}
    date '{{ run - modules.datetime.timedelta(days=days) }}'
{%- endmacro %}

{# Bounds for spans that are open: valid_from is included, valid_to is not. #}
{% macro beginning_of_time() -%}
    date '1900-01-01'
{%- endmacro %}

{% macro end_of_time() -%}
    date '9999-12-31'
{%- endmacro %}

{# The member of every dimension that stands for "nobody" or "none". #}
{% macro unattributed() -%}
    'unattributed'
{%- endmacro %}

{% macro clean_text(text) -%}
    nullif({{ trimmed(text) }}, '')
{%- endmacro %}

{% macro clean_email(email) -%}
    nullif(lower({{ trimmed(email) }}), '')
{%- endmacro %}

{# A key over several columns in which null is a value of its own. #}
{% macro surrogate_key(columns) -%}
    {{ return(dbt.hash(surrogate_text(columns))) }}
{%- endmacro %}

{% macro surrogate_text(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append(
            "coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), '(null)')"
        ) -%}
    {%- endfor -%}
    {{ return("concat(" ~ parts | join(", '|', ") ~ ")") }}
{%- endmacro %}

{# Anthropic's names of token types, as the columns of fct_usage_daily call them. #}
{% macro token_type(vendor_token_type) -%}
    case {{ vendor_token_type }}
        when 'uncached_input_tokens' then 'uncached_input'
        when 'cache_read_input_tokens' then 'cache_read'
        when 'cache_creation.ephemeral_5m_input_tokens' then 'cache_write_5m'
        when 'cache_creation.ephemeral_1h_input_tokens' then 'cache_write_1h'
        when 'output_tokens' then 'output'
        else {{ vendor_token_type }}
    end
{%- endmacro %}

{#
A kind of Cursor event in one spelling: both "Included in Pro Plus" and
USAGE_EVENT_KIND_INCLUDED_IN_PRO_PLUS are INCLUDED_IN_PRO_PLUS.
#}
{% macro cursor_kind(kind) -%}
    replace(
        replace(replace(replace(upper({{ kind }}), ', ', '_'), ' ', '_'), '-', '_'),
        'USAGE_EVENT_KIND_', ''
    )
{%- endmacro %}

{# Who a row names, in one key: the columns that int_attributions resolves. #}
{% macro identity_key() -%}
    {{ surrogate_key([
        'actor_email', 'actor_user_id', 'service_account_id', 'api_key_id',
        'workspace_id',
    ]) }}
{%- endmacro %}

{# A product without a platform of its own is the organization's main product. #}
{% macro anthropic_platform(product_platform, organization) -%}
    coalesce(
        {{ product_platform }},
        case {{ organization }} when 'enterprise' then 'claude_ai' else 'claude_api' end
    )
{%- endmacro %}

{# What kind of work it was: for the Claude API, what its key is mapped for. #}
{% macro usage_category(platform_code, platform_category, purpose) -%}
    case
        when {{ platform_code }} != 'claude_api' or {{ purpose }} is null
            then {{ platform_category }}
        when {{ purpose }} = 'coding' then 'engineering_productivity'
        else 'knowledge_work'
    end
{%- endmacro %}
