{#
Which days data tests look at in a build: the days that it replaced, and always the days
that vendors may still revise. Older days were tested when they were built, so a daily run
does not read all history to test it again. `dbt test` looks at all days, and so does a
build from scratch.
#}
{% macro tested_since(model_name) -%}
    {%- set recent = days_before_run(35) -%}
    {%- if not execute or var('offline') -%}
        {{ return(recent) }}
    {%- endif -%}
    {%- if flags.WHICH == 'test' or flags.FULL_REFRESH or not has_completed_run() -%}
        {{ return(beginning_of_time()) }}
    {%- endif -%}
    {%- set days = run_memory().get('days of ' ~ model_name) -%}
    {%- set models = 'model.' ~ project_name ~ '.' -%}
    {%- set changes = graph.nodes[models ~ model_name].config.meta.get('changes') -%}
    {# What a model is built from is tested before it: by what the last run replaced. #}
    {%- if days is none and changes -%}
        {%- set table = graph.nodes[models ~ changes] -%}
        {# A release that knew no such changes built the warehouse. #}
        {%- if adapter.get_relation(table.database, table.schema, table.alias) is none -%}
            {{ return(beginning_of_time()) }}
        {%- endif -%}
        {%- set query -%}
            select min(changed_date) from {{ table.relation_name }}
        {%- endset -%}
        {%- set first_day = ask_once(query, offline=[])[0][0] -%}
        {%- set days = ["date '" ~ first_day ~ "'"] if first_day else [] -%}
    {%- endif -%}
    {{ return(((days or []) + [recent]) | min) }}
{%- endmacro %}
