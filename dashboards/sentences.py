"""What is wrong in a file, in a sentence that says what to write instead: for errors of YAML and of
pydantic, whose own words are for programmers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from ruamel.yaml.error import MarkedYAMLError

from dashboards import definition
from dashboards.catalog import did_you_mean

# What to write where a pattern did not match.
PATTERNS = {
    definition.PERIOD: "write a period like past30days, past6months (whole months), past6months~ "
    "(with the current one), thismonth or yesterday",
    definition.DAYS: "write the first and the last day, like 2026-01-01~2026-03-31",
    definition.DAY: "write a day, like 2026-03-31",
    definition.SLUG: "only lowercase letters, digits and _, beginning with a letter",
}
# The line on which what YAML complains about begins is where its context begins.
OPENED = ("flow", "quoted scalar", "simple key")


def of_yaml(error: MarkedYAMLError) -> tuple[int, str]:
    """The line that has to be changed, and what is wrong there."""
    context, problem = error.context or "", error.problem or ""
    mark = error.problem_mark
    if error.context_mark and any(word in context for word in OPENED):
        mark = error.context_mark
    line = mark.line + 1 if mark else 1
    return line, f"is not valid YAML: {_remedy(context, problem)}"


def _remedy(context: str, problem: str) -> str:
    if found := re.search(r"found character '(.+?)' that", problem):
        if found[1] in ("\\t", "\t"):
            return "lines are indented with spaces, not with tabs"
        return f"a text that begins with {found[1]} must be in quotes"
    if found := re.search(r'duplicate key "(.+?)"', problem):
        return f"the key {found[1]} is there twice"
    if "undefined alias" in problem:
        return "a text that begins with * must be in quotes"
    if "quoted scalar" in context:
        return "a quotation mark is opened here and never closed"
    if "flow" in context:
        return f"a bracket is opened here and never closed, or a comma is missing ({problem})"
    if "simple key" in context:
        return "a key needs a colon and a space after it: `key: value`"
    if "mapping values" in problem:
        return (
            "a text that contains `: ` must be in quotes, and the keys of a chart begin in the "
            "same column"
        )
    if "block" in context:
        return f"the keys of a chart, and the `-` of a list, begin in the same column ({problem})"
    return problem


def place(error: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The keys that lead to what has to be changed."""
    return (*error["loc"], "type") if error["type"] == "union_tag_invalid" else tuple(error["loc"])


def of_definition(error: Mapping[str, Any], content: Any) -> str:  # noqa: ANN401
    """What a pydantic error of a dashboard's definition says. `content` is the whole file's."""
    path, value, context = error["loc"], error["input"], error.get("ctx", {})
    key = str(path[-1]) if path else ""
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key {key}{_choice(key, _keys(path))}"
        case "missing":
            return f"{key} is missing"
        case "union_tag_invalid" | "union_tag_not_found":
            return _type_of(path, context)
        case "value_error":
            text = str(error["msg"].removeprefix("Value error, "))
            return f"{key}: {text}" if _is_key(key, content, path) else text
        case "string_pattern_mismatch":
            near = _near_period(value) if context["pattern"] == definition.PERIOD else ""
            return f"{key}: {value} does not fit{near or ':'} {PATTERNS[context['pattern']]}"
        case "literal_error":
            known = re.findall(r"'([^']+)'", context["expected"])
            return f"{key}: there is no {value}{_choice(str(value), known)}"
    if value is None:
        return f"{key} is empty"
    if error["type"] == "string_type" and not isinstance(value, dict | list):
        return f"{key} is a text, and YAML reads {value} as something else: put it in quotes"
    if error["type"] == "list_type":
        return f"{key} is a list: write one item a line, each after `- `"
    if error["type"] in ("model_type", "model_attributes_type"):
        return f"{key} is a column, or `{{value: column, label: Label}}`, not {value!r}"
    return f"{key}: {error['msg'][:1].lower()}{error['msg'][1:]}"


def _is_key(key: str, content: Any, path: tuple[str | int, ...]) -> bool:  # noqa: ANN401
    """Whether the last part of a path is a key in the file, and not one of pydantic's own."""
    for one in path:
        try:
            content = content[one]
        except (KeyError, IndexError, TypeError):
            if str(one) == key:
                return False
    return not key.isdigit()


def _near_period(value: str) -> str:
    units = get_args(definition.Grain)
    counted = [f"past{number}{unit}s" for number in re.findall(r"\d+", value) for unit in units]
    return did_you_mean(value, [*counted, *(f"this{unit}" for unit in units), "yesterday"], most=1)


def _choice(name: str, known: Iterable[str]) -> str:
    known = list(known)
    return did_you_mean(name, known) or f": known are {', '.join(sorted(known))}"


def _type_of(path: tuple[str | int, ...], context: Mapping[str, Any]) -> str:
    """Of a chart or a filter whose type is missing or unknown."""
    is_filter = path[0] == "filters"
    if is_filter and path[-1] in definition.Dashboard.model_fields:
        return f"{path[-1]} is indented as if it were a filter: begin its line with it"
    union = definition.AnyFilter if is_filter else definition.AnyChart
    known = [name for model in get_args(get_args(union)[0]) for name in _tag(model)]
    if "tag" in context:
        return f"type: there is no {context['tag']}{_choice(context['tag'], known)}"
    what = f"the filter {path[-1]}" if is_filter else "the chart"
    return f"{what} has no type: it is one of {', '.join(known)}"


def _keys(path: tuple[str | int, ...]) -> list[str]:
    """The keys that are allowed where an unknown one was found, for the type that the path names
    last."""
    models = {
        tag: model
        for model in vars(definition).values()
        if isinstance(model, type) and issubclass(model, BaseModel)
        for tag in [*_tag(model), model.__name__]
    }
    parents = {"tabs": "Tab", "rows": "GridRow", "embed": "Embed", "segments": "Segment"}
    found = "Dashboard"
    for key in path[:-1]:
        found = parents.get(str(key), str(key) if str(key) in models else found)
    return list(models[found].model_fields)


def _tag(model: type[BaseModel]) -> list[str]:
    field = model.model_fields.get("type")
    return list(field.annotation.__args__) if field and field.annotation else []
