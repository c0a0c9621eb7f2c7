"""Filters for Metabase: parameters of a dashboard, and the tags in SQL that they set.

A parameter only sets tags that fit its type. The others are refused here, since Metabase would
silently leave them unset.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.compiled import CompiledChart, CompiledDashboard, Wire, filter_label
from dashboards.conditions import operation
from dashboards.definition import (
    AnyFilter,
    DateRange,
    Dropdown,
    MultiSelect,
    NumberRange,
    RelativeDate,
    Search,
    StaticDate,
    StaticNumber,
    StaticText,
)
from dashboards.deploy.client import Json
from dashboards.deploy.errors import DeployError, PayloadError
from dashboards.names import code_names, names_of
from dashboards.query import Dialect, quoted, relation, render

NAMESPACE = uuid.UUID("5b0c7c1e-6d59-5a0b-9a53-0c1b4ad2a1f7")

# The types of tags that each type of parameter can set, according to metabase/lib/schema/parameter.
ALLOWED: Mapping[str, frozenset[str]] = {
    "number/=": frozenset({"number", "number/=", "id", "category", "location/zip_code"}),
    "string/=": frozenset({"text", "string/=", "id", "category"}),
    "date/single": frozenset({"date", "date/single", "date/all-options", "id", "category"}),
    "date/range": frozenset({"date/range", "date/all-options"}),
    "date/relative": frozenset({"date/relative", "date/all-options"}),
    "number/between": frozenset({"number/between"}),
}

STATIC = (StaticDate, StaticNumber, StaticText)


@dataclass(frozen=True)
class Warehouse:
    """The database in Metabase: its id, how its SQL is written, the schema of the marts, and the
    ids of their columns."""

    id: int
    dialect: Dialect
    schema: str
    fields: Mapping[tuple[str, str], int]

    def field(self, mart: str, column: str) -> int:
        """A column's id. Raises DeployError if Metabase does not know the column."""
        try:
            return self.fields[mart, column]
        except KeyError:
            raise DeployError(
                f"Metabase does not know {self.schema}.{mart}.{column}: build the marts, then run "
                "`python -m dashboards database`, which makes Metabase look again"
            ) from None

    def column(self, mart: str, column: str) -> str:
        """A column as SQL, with the name that Metabase gives it in a field filter."""
        table = relation(mart, self.dialect, self.schema)
        return f"{table}.{quoted(column, self.dialect)}"


def parameter_id(dashboard: str, name: str) -> str:
    """A filter's id. It never changes, since Metabase archives subscriptions that use an old
    one."""
    return hashlib.sha256(f"{dashboard}:{name}".encode()).hexdigest()[:8]


def tag_id(chart: str, tag: str) -> str:
    """The id of a tag in a chart's SQL."""
    return str(uuid.uuid5(NAMESPACE, f"{chart}:{tag}"))


def parameter_type(definition: AnyFilter) -> str:
    """Metabase's type for each of the nine types of filters."""
    match definition:
        case Dropdown() | MultiSelect() | Search() | StaticText():
            return "string/="
        case DateRange():
            return "date/range"
        case RelativeDate():
            return "date/relative"
        case NumberRange():
            return "number/between"
        case StaticDate():
            return "date/single"
        case StaticNumber():
            return "number/="


def parameter(dashboard: CompiledDashboard, name: str) -> Json:
    """A filter as a dashboard's parameter."""
    definition = dashboard.definition.filters[name]
    kind = parameter_type(definition)
    result: Json = {
        "id": parameter_id(dashboard.key, name),
        "name": filter_label(name, definition),
        "slug": name,
        "type": kind,
        "sectionId": kind.partition("/")[0],
    }
    if kind in ("string/=", "number/="):
        result["isMultiSelect"] = isinstance(definition, MultiSelect)
    if kind == "string/=":
        result["values_query_type"] = "search" if isinstance(definition, Search) else "list"
    if isinstance(definition, StaticText):
        # Plain text has no column to take values from, unless the definition lists them.
        result["values_query_type"] = "list" if definition.values else "none"
        if definition.values:
            result["values_source_type"] = "static-list"
            result["values_source_config"] = {"values": [[one, one] for one in definition.values]}
    elif names := names_of(definition.column):
        # A choice has a name, and its code is what the column is compared with.
        result["values_source_type"] = "static-list"
        result["values_source_config"] = {"values": [list(one) for one in names.items()]}
    if (default := _default(definition)) is not None:
        result["default"] = default
    return result


def _default(definition: AnyFilter) -> object:
    value = definition.default
    if value is None or value == []:
        return None
    if isinstance(value, list | tuple):
        return list(value)
    # Metabase keeps the values of these as a list, even if there can be only one.
    return [value] if parameter_type(definition) in ("string/=", "number/=") else value


def sql(chart: CompiledChart, dashboard: CompiledDashboard, warehouse: Warehouse) -> str:
    """A chart's query for Metabase, with a tag for each filter."""

    def filters(mart: str) -> str:
        wires = [wire for wire in chart.wires if wire.mart == mart]
        return " ".join(["true", *(f"[[and {_condition(wire)}]]" for wire in wires)])

    def _condition(wire: Wire) -> str:
        definition = dashboard.definition.filters[wire.filter]
        tag = f"{{{{{wire.tag}}}}}"
        if isinstance(definition, STATIC):
            return operation(definition, warehouse.column(wire.mart, wire.column), tag)
        return tag

    return render(
        chart.template,
        warehouse.dialect,
        warehouse.schema,
        filters,
        lambda name: f"{{{{{name}}}}}",
        code_names(),
    )


def tags(chart: CompiledChart, dashboard: CompiledDashboard, warehouse: Warehouse) -> list[Json]:
    """The tags in a chart's SQL."""
    found = []
    for wire in chart.wires:
        definition = dashboard.definition.filters[wire.filter]
        tag = _tag(chart, wire.tag, wire.filter, definition)
        if not isinstance(definition, STATIC):
            field = warehouse.field(wire.mart, wire.column)
            options = {"lib/uuid": tag_id(chart.key, f"{wire.tag}:column")}
            tag |= {
                "type": "dimension",
                "dimension": ["field", options, field],
                "widget-type": parameter_type(definition),
            }
        found.append(tag)
    for name in chart.variables:
        definition = dashboard.definition.filters[name]
        # A query that uses the value cannot do without it.
        always = {"required": True, "default": definition.default}
        found.append({**_tag(chart, name, name, definition), **always})
    return found


def _tag(chart: CompiledChart, tag: str, name: str, definition: AnyFilter) -> Json:
    return {
        "id": tag_id(chart.key, tag),
        "name": tag,
        "display-name": filter_label(name, definition),
        "type": {"date/single": "date", "number/=": "number"}.get(
            parameter_type(definition), "text"
        ),
    }


def tag_parameters(found: list[Json]) -> list[Json]:
    """A question's own filters, for people who open it outside the dashboard."""
    result = []
    for tag in found:
        is_field = tag["type"] == "dimension"
        own = {"date": "date/single", "number": "number/=", "text": "string/="}
        one: Json = {
            "id": tag["id"],
            "name": tag["display-name"],
            "slug": tag["name"],
            "type": tag["widget-type"] if is_field else own[tag["type"]],
            "target": target(tag),
        }
        if "default" in tag:
            one["default"] = tag["default"]
        result.append(one)
    return result


def target(tag: Json) -> list[object]:
    """What a parameter is bound to: a tag."""
    way = "dimension" if tag["type"] == "dimension" else "variable"
    return [way, ["template-tag", tag["name"]]]


def mappings(
    chart: CompiledChart, dashboard: CompiledDashboard, found: list[Json], card: int | None
) -> list[Json]:
    """How a dashboard's filters set the tags of a chart; one filter may set several. Raises
    PayloadError for a parameter that cannot set a tag."""
    by_tag = {tag["name"]: tag for tag in found}
    pairs = [(wire.filter, wire.tag) for wire in chart.wires]
    pairs += [(name, name) for name in chart.variables]
    result = []
    for name, tag_name in pairs:
        tag = by_tag[tag_name]
        check_binding(parameter_type(dashboard.definition.filters[name]), tag, name)
        result.append(
            {
                "parameter_id": parameter_id(dashboard.key, name),
                "card_id": card,
                "target": target(tag),
            }
        )
    return result


def check_binding(parameter: str, tag: Json, name: str) -> None:
    """Raises PayloadError for a parameter whose type cannot set a tag."""
    kind = tag["widget-type"] if tag["type"] == "dimension" else tag["type"]
    if kind not in ALLOWED[parameter]:
        raise PayloadError(
            "filters",
            f"the filter {name} is {parameter} in Metabase, which cannot set a tag that is {kind}: "
            f"only {', '.join(sorted(ALLOWED[parameter]))}",
        )
