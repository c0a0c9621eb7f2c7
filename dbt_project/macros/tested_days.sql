{#
Which days data tests look at: what the model's last build replaced, and always the days
that vendors still revise. Older days were tested when they were built; a build from
scratch is tested whole. So a daily run does not read history to test it again.
#}
{% macro tested_since(model_name) -%}
    {%- set recent = days_before_run(35) -%}
    {%- if not execute -%}
        {{ return(recent) }}
    {%- endif -%}
    {%- set query -%}
        select least(coalesce(first_day, {{ recent }}), {{ recent }})
        from {{ build_log_relation() }}
        where model_name = '{{ model_name }}'
        order by built_at desc
        limit 1
    {%- endset -%}
    {%- set rows = answer(query, offline=[]) -%}
    {{ return("date '" ~ rows[0][0] ~ "'" if rows else recent) }}
{%- endmacro %}

{# dbt asks this for what a generic test reads. Models with days say so in their meta. #}
{% macro get_where_subquery(relation) -%}
    {%- set node = graph.nodes.get(model.attached_node) if execute else none -%}
    {%- set meta = node.config.meta if node else {} -%}
    {%- if meta.get('day_column') -%}
        {%- set since = tested_since(meta.get('built_with', relation.identifier)) -%}
        {%- if meta.get('period') == 'month' -%}
            {%- set since = since[:13] ~ "-01'" -%}
        {%- endif -%}
        {%- set filtered -%}
            (
                select *
                from {{ relation }}
                where {{ meta['day_column'] }} >= {{ since }}
            ) as tested_days
        {%- endset -%}
        {{ return(filtered) }}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}
