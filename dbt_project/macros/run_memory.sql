{#
What a run remembers while it lasts. `graph` is the only thing to write to that the models
of a run share, and a process may run more than once with one `graph`.
#}
{% macro run_memory() -%}
    {{ return(graph.setdefault('memory of ' ~ invocation_id, {})) }}
{%- endmacro %}

{# The rows of a query whose answer does not change once the first model has asked. #}
{% macro ask_once(query, offline) -%}
    {%- if query not in run_memory() -%}
        {%- do run_memory().update({query: answer(query, offline)}) -%}
    {%- endif -%}
    {{ return(run_memory()[query]) }}
{%- endmacro %}
