{#
What a run remembers while it lasts. Models of a run share nothing that can be written to but
`graph`; a process may run more than once with one `graph`.
#}
{% macro run_memory() -%}
    {{ return(graph.setdefault('memory of ' ~ invocation_id, {})) }}
{%- endmacro %}

{# The rows of a question whose answer stays the same once the first model has asked. #}
{% macro ask_once(query, offline) -%}
    {%- if query not in run_memory() -%}
        {%- do run_memory().update({query: answer(query, offline)}) -%}
    {%- endif -%}
    {{ return(run_memory()[query]) }}
{%- endmacro %}
