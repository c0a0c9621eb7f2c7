{#
What every vendor ends in: rows of one form. A vendor's folder in staging ends with the models
that the var `vendors` lists for it, `stg_<vendor>__usage_rows` and the like. In them the vendor
names what it says; everything else is null by itself: what is not measured is no zero. What is above them reads all
vendors alike.
#}

{# The columns of each kind of row: those that every vendor gives, then what it may lack. #}
{% macro conformed_columns(kind) -%}
    {%- set who = [
        'actor_email', 'actor_user_id', 'service_account_id', 'api_key_id', 'workspace_id',
        'request_label',
    ] -%}
    {{ return({
        'usage_rows': {
            'given': [
                'usage_date', 'organization', 'platform_code', 'usage_type', 'source',
            ],
            'texts': who + ['product', 'model', 'service_tier'],
            'counts': usage_measures(),
        },
        'usage_times': {
            'given': ['usage_date', 'organization', 'platform_code', 'occurred_at'],
            'texts': who,
        },
        'cost_rows': {
            'given': [
                'cost_date', 'organization', 'platform_code', 'cost_type',
                'allocation_method', 'source', 'list_cost_usd', 'billed_cost_usd',
                'effective_cost_usd',
            ],
            'texts': who
                + ['product', 'model', 'token_type', 'service_tier', 'billing_currency'],
            'dates': ['invoice_month'],
            'amounts': ['billed_cost_in_currency'],
        },
        'cost_records': {
            'given': [
                'cost_date', 'organization', 'resource', 'load_id', 'platform_code',
                'billed_cost_usd',
            ],
            'texts': ['superseded_by'],
            'dates': ['invoice_month'],
        },
        'cost_versions': {
            'given': [
                'resource', 'organization', 'load_id', 'records', 'window_start',
                'loaded_at',
            ],
            'texts': ['superseded_by'],
        },
        'report_days': {
            'given': [
                'resource', 'organization', 'load_id', 'records', 'window_start',
                'window_end', 'loaded_at',
            ],
        },
        'keys': {
            'given': ['api_key_id', 'organization', 'seen_to', 'is_name_unique'],
            'texts': [
                'workspace_id', 'principal_id', 'created_by_id', 'api_key_name', 'status',
                'partial_key_hint',
            ],
            'timestamps': ['created_at', 'expires_at'],
        },
        'users': {
            'given': ['user_id', 'organization', 'email', 'seen_to'],
            'texts': ['full_name'],
        },
        'workspaces': {
            'given': ['workspace_id', 'organization', 'workspace_name', 'seen_to'],
            'timestamps': ['created_at', 'archived_at'],
        },
        'workspace_labels': {
            'given': ['workspace_id', 'organization', 'label_date', 'workspace_label'],
        },
        'service_accounts': {'given': ['service_account_id', 'organization']},
        'unknown_charges': {'given': ['cost_date', 'organization', 'kind', 'charged_usd']},
        'accounts': {
            'given': ['account_name', 'account_id', 'organization'],
            'texts': ['email'],
        },
    }[kind]) }}
{%- endmacro %}

{# What is counted of usage. #}
{% macro usage_measures() -%}
    {{ return([
        'sessions', 'requests', 'uncached_input_tokens', 'cache_read_tokens',
        'cache_write_5m_tokens', 'cache_write_1h_tokens', 'output_tokens', 'messages',
        'lines_suggested', 'lines_accepted', 'suggestions_shown', 'suggestions_accepted',
        'commits', 'pull_requests', 'artifacts', 'projects', 'files', 'searches',
        'mode_requests',
    ]) }}
{%- endmacro %}

{# The columns of a row: `said` are columns that go by the same name, `column` or
`table.column`; what has another name, or is worked out, is named: usage_type="'chat'". #}
{% macro conformed_row(kind, said) -%}
    {%- set columns = conformed_columns(kind) -%}
    {%- set values = dict(kwargs) -%}
    {%- for column in said -%}
        {%- do values.update({column.split('.')[-1]: column}) -%}
    {%- endfor -%}
    {%- set lacking = {
        'texts': 'cast(null as ' ~ dbt.type_string() ~ ')',
        'timestamps': 'cast(null as ' ~ dbt.type_timestamp() ~ ')',
        'dates': 'cast(null as date)',
        'counts': 'cast(null as int64)',
        'amounts': 'cast(null as ' ~ type_money() ~ ')',
    } -%}
    {%- set known = columns.values() | sum(start=[]) -%}
    {%- set wrong = values.keys() | reject('in', known) | list
        + columns['given'] | reject('in', values) | list -%}
    {%- if wrong -%}
        {{ exceptions.raise_compiler_error(
            "A row of " ~ kind ~ " has to give " ~ columns['given'] | join(', ')
            ~ " and may have " ~ known | reject('in', columns['given']) | join(', ')
            ~ "; missing or unknown: " ~ wrong | join(', ')
        ) }}
    {%- endif -%}
    {%- for kind_of_column, names in columns.items() -%}
        {%- set is_last = loop.last -%}
        {%- for name in names %}
        {{ values.get(name, lacking.get(kind_of_column)) }} as {{ name }}
            {{- '' if is_last and loop.last else ',' }}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{# Where a column has one of some values, what goes with it; else null. #}
{% macro by_value(column, values) -%}
    case {{ column }}
        {%- for value, expression in values.items() %}
        when '{{ value }}' then {{ expression }}
        {%- endfor %}
    end
{%- endmacro %}

{# The rows of one kind of all vendors that have them, and whose they are. #}
{% macro all_vendors(kind, condition=none) -%}
    {%- set columns = conformed_columns(kind).values() | sum(start=[]) -%}
    {%- for vendor, kinds in var('vendors').items() if kind in kinds -%}
        {%- if not loop.first %}

    union all

    {% endif -%}
    select
        '{{ vendor }}' as vendor,
        {{ columns | join(',\n        ') }}
    from {{ ref('stg_' ~ vendor ~ '__' ~ kind) }}
        {%- if condition %}
    where {{ condition }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# The columns that a macro makes of each source, and which source it is. #}
{% macro all_sources(source_names, rows_of_source, columns) -%}
    {%- for source_name in source_names -%}
        {%- if not loop.first %}

    union all

    {% endif -%}
    select
        '{{ source_name }}' as source_name,
        {{ columns | join(',\n        ') }}
    from (
        {{ rows_of_source(source_name) }}
    ) as source_rows
    {%- endfor -%}
{%- endmacro %}

{# CTEs up to `meanings`: what the words in a vendor's names say, a column for each of `meanings`.
The caller has CTEs with the names and with `words`, the rows of a seed; of several words with one
meaning the first counts. #}
{% macro meanings_of_words(names, name, pattern, meanings) -%}
    said as (

        select
            named.{{ name }},
            words.meaning,
            words.value
        from (select distinct {{ name }} from {{ names }}) as named
        inner join words
            on lower(named.{{ name }}) like words.{{ pattern }}
        qualify row_number() over (
            partition by named.{{ name }}, words.meaning order by words.word_rank
        ) = 1

    ),

    meanings as (

        select
            {{ name }}
            {%- for meaning in meanings %},
            max(case meaning when '{{ meaning }}' then value end) as {{ meaning }}
            {%- endfor %}
        from said
        group by {{ name }}

    )
{%- endmacro %}
