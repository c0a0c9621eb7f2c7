{# Short rules that several models share. #}

{# The day of the run; the days before it are complete. #}
{% macro as_of_date() -%}
    date '{{ var("as_of_date") or run_started_at.strftime("%Y-%m-%d") }}'
{%- endmacro %}

{# The day that is so many days before the run, as a literal, so that engines can prune
partitions. #}
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

{# A negative amount that is not usage, by what the vendor calls it: a credit, or the correction of
an earlier charge. #}
{% macro adjustment_type(name, amount) -%}
    case
        when {{ amount }} >= 0 then null
        when lower({{ name }}) like '%refund%' then 'correction'
        when lower({{ name }}) like '%correction%' then 'correction'
        when lower({{ name }}) like '%goodwill%' then 'credit'
        when lower({{ name }}) like '%credit%' then 'credit'
    end
{%- endmacro %}

{# A key over several columns, in which null is a value of its own. #}
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

{# One key for whom a row names, over the columns that int_attributions resolves. #}
{% macro identity_key() -%}
    {{ surrogate_key([
        'vendor', 'actor_email', 'actor_user_id', 'service_account_id', 'api_key_id',
        'workspace_id', 'request_label',
    ]) }}
{%- endmacro %}

{# What kind of work it was: what is called by keys is for what its key is for. #}
{% macro usage_category(platform_category, purpose_category) -%}
    case
        when {{ platform_category }} = 'api_consumption'
            then coalesce({{ purpose_category }}, {{ platform_category }})
        else {{ platform_category }}
    end
{%- endmacro %}

{# The month on whose invoice a cost is: that of its day, unless the vendor says another one. #}
{% macro month_of_invoice() -%}
    coalesce(invoice_month, {{ first_day_of('month', 'cost_date') }})
{%- endmacro %}

{# A seat is of no model. #}
{% macro model_of_seats() -%}
    'seat'
{%- endmacro %}
