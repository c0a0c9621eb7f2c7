{# How a row finds who it belongs to: docs/attribution.md. #}

{# What a rule is about, if its name says nothing without the vendor: two vendors may have an
account, or a project, of one name. #}
{% macro of_vendor(vendor, name) -%}
    {{ vendor }} || '|' || {{ name }}
{%- endmacro %}

{# What of an identity a rule can be about. #}
{% macro subjects_of_identity() -%}
    {{ return([
        'actor_email', 'actor_user_id', 'service_account_id', 'api_key_id', 'workspace_id',
        'request_label', of_vendor('vendor', 'actor_user_id'), of_vendor('vendor', 'workspace_id'),
    ]) }}
{%- endmacro %}

{# A row of int_attribution_rules: what a rule names; everything else is null. A rule that names no
days holds always, and one that names no share has all of what it is about. #}
{% macro rule_row(rule_type, subject) -%}
    {%- set text = 'cast(null as ' ~ dbt.type_string() ~ ')' -%}
    {%- set defaults = {
        'user_email': text,
        'service_account_id': text,
        'cost_center': text,
        'purpose': text,
        'environment': text,
        'attribution_method': text,
        'confidence': 'cast(null as ' ~ type_number() ~ ')',
        'attributes': text,
        'allocation_method': text,
        'part_number': '1',
        'share_from': '0',
        'share_to': '1',
        'share_whole': '1',
        'valid_from': beginning_of_time(),
        'valid_to': end_of_time(),
    } -%}
        '{{ rule_type }}' as rule_type,
        {{ subject }} as subject
    {%- for column, default in defaults.items() %},
        {{ kwargs.get(column, default) }} as {{ column }}
    {%- endfor -%}
{%- endmacro %}

{# What decides who a row belongs to, the first that applies. What a sheet says comes before what
can be guessed from who made a key. #}
{% macro decided_by(
    vendor_email, key_is_mapped, owner_method, service_account_id, workspace_is_mapped, owner_email,
    project_is_mapped='false', account_is_mapped='false', request_is_labeled='false',
    project_is_labeled='false'
) -%}
    case
        when {{ vendor_email }} is not null then 'vendor'
        when {{ account_is_mapped }} then 'vendor_account'
        when {{ key_is_mapped }} then 'key_mapping'
        when {{ owner_method }} = 'key_principal' then 'key_principal'
        when {{ service_account_id }} is not null then 'service_account'
        when {{ request_is_labeled }} then 'request_label'
        when {{ workspace_is_mapped }} then 'workspace_mapping'
        when {{ project_is_mapped }} then 'project_mapping'
        when {{ project_is_labeled }} then 'project_label'
        when {{ owner_email }} is not null then 'key_creator'
        else 'nothing'
    end
{%- endmacro %}

{# The part of an amount in dollars that lies between two marks of a whole. The parts of an amount
sum to it, to the last digit: a mark is cut to a billionth, and the last one is the amount. #}
{% macro part_of_usd(amount, parts) -%}
    case
        when {{ parts }}.share_whole = 1 then {{ amount }}
        else
            case
                when {{ parts }}.share_to = {{ parts }}.share_whole then {{ amount }}
                else {{ nanos_to_usd(share_of_nanos(
                    amount, parts ~ '.share_to', parts ~ '.share_whole'
                )) }}
            end
            - {{ nanos_to_usd(share_of_nanos(
                amount, parts ~ '.share_from', parts ~ '.share_whole'
            )) }}
    end
{%- endmacro %}

{# The same of a count: parts are whole numbers. #}
{% macro part_of_count(count, parts) -%}
    case
        when {{ parts }}.share_whole = 1 then {{ count }}
        else
            {{ integer_divide(
                count ~ ' * ' ~ parts ~ '.share_to', parts ~ '.share_whole'
            ) }}
            - {{ integer_divide(
                count ~ ' * ' ~ parts ~ '.share_from', parts ~ '.share_whole'
            ) }}
    end
{%- endmacro %}
