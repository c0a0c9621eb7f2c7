{# What is special to Anthropic, for the models of its folder in staging. #}

{# The columns of fct_usage_daily for Anthropic's token types. #}
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

{# A product without a platform of its own belongs to the organization's main product. #}
{% macro anthropic_platform(product_platform, organization) -%}
    coalesce(
        {{ product_platform }},
        case {{ organization }} when 'enterprise' then 'claude_ai' else 'claude_api' end
    )
{%- endmacro %}

{# Claude Code has its own workspace, which tells the platform if no product does. #}
{% macro anthropic_workspace_platform(workspace_name) -%}
    case when {{ workspace_name }} = 'Claude Code' then 'claude_code' end
{%- endmacro %}

{# For both cost reports: tokens are usage, everything else is a tool, unless it is taken back. #}
{% macro anthropic_cost_type(reported_cost_type) -%}
    case
        when {{ reported_cost_type }} = 'tokens' or {{ reported_cost_type }} is null
            then 'usage'
        when {{ reported_cost_type }} in ('credit', 'correction')
            then {{ reported_cost_type }}
        else 'tool'
    end
{%- endmacro %}

{# The token type, or the tool that was billed, or what the vendor calls a credit. #}
{% macro anthropic_billed_token_type(costs) -%}
    coalesce({{ costs }}.token_type, nullif({{ costs }}.cost_type, 'tokens'))
{%- endmacro %}
