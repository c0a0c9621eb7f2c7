{# What is special to Google, for the models of its folder in staging. #}

{#
CTEs up to `changes`: what each load added to the sums of some landed rows, less what it took
away. Google's windows are days of export, and what they add up to are days of usage or months of
invoices. A window that lands again replaces its rows. The caller has a CTE `landed` with
organization, export_date and load_id.
#}
{% macro changes_by_load(resource, keys, sums) -%}
    versions as (

        select
            organization,
            window_start,
            load_id,
            loaded_at,
            lead(load_id) over (
                partition by organization, window_start order by loaded_at, load_id
            ) as next_load_id,
            lead(loaded_at) over (
                partition by organization, window_start order by loaded_at, load_id
            ) as next_loaded_at
        from {{ ref('stg_google__export_versions') }}
        where resource = '{{ resource }}'

    ),

    signed as (

        {% for sign in ['', '-'] %}
            select
                landed.organization,
                {% for key in keys -%}
                    landed.{{ key }},
                {% endfor -%}
                {% if sign -%}
                    versions.next_load_id as load_id,
                    versions.next_loaded_at as loaded_at,
                {%- else -%}
                    versions.load_id,
                    versions.loaded_at,
                {%- endif %}
                {% for column in sums -%}
                    {{ sign }}landed.{{ column }} as {{ column }},
                {% endfor -%}
                {{ sign }}1 as records
            from landed
            inner join versions
                on
                    landed.organization = versions.organization
                    and landed.export_date = versions.window_start
                    and landed.load_id = versions.load_id
            {% if sign -%}
                where versions.next_load_id is not null
            {%- endif %}
            {{ "union all" if not loop.last }}
        {% endfor %}

    ),

    changes as (

        select
            organization,
            {{ keys | join(', ') }},
            load_id,
            loaded_at,
            {% for column in sums -%}
                cast(sum({{ column }}) as {{ type_money() }}) as {{ column }},
            {% endfor -%}
            cast(sum(records) as int64) as records
        from signed
        group by organization, {{ keys | join(', ') }}, load_id, loaded_at

    )
{%- endmacro %}

{# An amount as a weight, whatever its sign: in halves of millionths, since a whole of 1 is what is
not divided (part_of_usd). #}
{% macro weight_of(amount) -%}
    2 * cast(trunc(abs({{ amount }}) * 1000000) as int64)
{%- endmacro %}

{# The AI tools' part of a tax: their share of what is taxed, but never more than all of it, and none
if they cost something where the rest was given back, or the other way around. #}
{% macro google_ai_share(tax) -%}
    case
        when weights = 0 or sign(ai_cost) = -sign(total_cost) then 0
        when ai_weight >= total_weight then {{ tax }}
        else {{ nanos_to_usd(share_of_nanos(tax, 'ai_weight', 'total_weight')) }}
    end
{%- endmacro %}

{# 202611 as the first day of the month. #}
{% macro google_month(text) -%}
    cast(concat(substr({{ text }}, 1, 4), '-', substr({{ text }}, 5, 2), '-01') as date)
{%- endmacro %}

{# The day on which a row's usage began (UTC). #}
{% macro google_usage_date() -%}
    cast({{ text_to_timestamp(json_text('usage_start_time')) }} as date)
{%- endmacro %}

{# The days of exports that landed since the last run, as literals, so that engines can prune. #}
{% macro google_changed_exports(changes) -%}
    {%- set days = [] -%}
    {%- if execute -%}
        {%- set query = "select changed_date from " ~ changes -%}
        {%- for row in ask_once(query, offline=offline_days()) -%}
            {%- do days.append("date '" ~ row[0] ~ "'") -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return((days | sort) or [beginning_of_time()]) }}
{%- endmacro %}

{# The cost center that labels name: the value of the first of the var's keys that they have. #}
{% macro google_cost_center_label(labels) -%}
    {%- set keys = var('cost_center_labels') -%}
    {%- if keys is string or keys is not sequence -%}
        {{ exceptions.raise_compiler_error(
            "The var cost_center_labels has to be a list of keys of labels, such as"
            " [cost_center], or [] for none; it is " ~ keys | tojson
        ) }}
    {%- endif -%}
    lower(coalesce(
        {%- for key in keys %}
        {{ clean_text(json_named_text(labels, key, called='key')) }},
        {%- endfor %}
        cast(null as {{ dbt.type_string() }})
    ))
{%- endmacro %}

{# What the windows of projects call an organization is the project. All use is of Google. #}
{% macro google_organization() -%}
    'google'
{%- endmacro %}

{# A charge that is divided among those who have a seat: of Gemini Enterprise, since Google says of no
other product who has one. #}
{% macro is_charge_for_seats(table='') -%}
    {{ table }}platform_code = 'gemini_enterprise'
    and {{ table }}cost_type = 'subscription'
{%- endmacro %}

{# A time that has nanoseconds, which no engine keeps. #}
{% macro google_time(text) -%}
    {{ text_to_timestamp(
        "regexp_extract(" ~ text ~ ", '^[^.Z]*(?:[.][0-9]{1,6})?') || 'Z'"
    ) }}
{%- endmacro %}

{# All days of usage of the invoices that have usage on these days, as literals; none means all days. #}
{% macro google_days_of_invoices(invoice_days, days) -%}
    {%- if days is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set query -%}
        select distinct other_days.usage_date
        from {{ invoice_days }} as invoice_days
        inner join {{ invoice_days }} as other_days
            on invoice_days.invoice_month = other_days.invoice_month
        where {{ in_days('invoice_days.usage_date', days) }}
    {%- endset -%}
    {%- set offline = [] -%}
    {%- for day in days_of_months(months_of(days)) -%}
        {%- do offline.append([day[6:16]]) -%}
    {%- endfor -%}
    {%- set invoices = [] -%}
    {%- for row in ask_once(query, offline) -%}
        {%- do invoices.append("date '" ~ row[0] ~ "'") -%}
    {%- endfor -%}
    {{ return((invoices | sort) or [beginning_of_time()]) }}
{%- endmacro %}
