"""How Metabase draws a chart: its display and its visualization_settings.

Metabase checks none of this: an unknown display is drawn blank, an unknown key is kept and ignored.
Settings name columns of the query's result.
https://www.metabase.com/docs/latest/questions/visualizations/visualizing-results
"""

from __future__ import annotations

import json
import re

from dashboards.colors import value_colors
from dashboards.compiled import CompiledChart, Field
from dashboards.definition import (
    Area,
    Bar,
    Combo,
    Funnel,
    Gauge,
    Line,
    Pie,
    Pivot,
    Row,
    Scalar,
    Scatter,
    Table,
    Waterfall,
)
from dashboards.deploy.client import Json
from dashboards.deploy.errors import PayloadError
from dashboards.names import code_names
from dashboards.query import PERIOD

# From Metabase's own palette.
COLORS = {"good": "#84BB4C", "warning": "#F9CF48", "bad": "#ED6E6E", "neutral": "#B8BBC3"}
# Columns with the names themselves, and those with their codes.
_CODES = {"platform_name": "platform_code", "vendor_name": "vendor"}
_STACKS = {"none": None, "stacked": "stacked", "percent": "normalized"}
# Metabase has no whiskers: the ends of one are points.
_POINTS: Json = {"display": "line", "line.style": "dotted", "line.marker_enabled": True}
_DISPLAYS: dict[str, Json] = {
    "line": {"display": "line"},
    "bar": {"display": "bar"},
    "area": {"display": "area"},
    "estimate": {"display": "bar", "color": "#9CC7E3"},
    "low": _POINTS,
    "high": _POINTS,
    "limit": {"display": "line", "line.style": "dashed", "line.marker_enabled": False},
}
# Formats of moment.js: Metabase takes any style that it does not know as such a format.
_DATE_STYLES = {"month": "MMMM, YYYY", "quarter": "[Q]Q YYYY", "year": "YYYY"}


def display(chart: CompiledChart) -> str:
    """Metabase's name for a chart's type; a number with a trend has another name."""
    definition = chart.definition
    if isinstance(definition, Scalar) and definition.x:
        return "smartscalar"
    return definition.type


def settings(chart: CompiledChart) -> Json:
    """A chart's visualization_settings. Raises PayloadError for what Metabase cannot draw."""
    columns = {_key(field): formatted(field) for field in chart.fields}
    compiled = merged({"column_settings": columns}, _of_type(chart))
    return merged(compiled, chart.definition.metabase)


def merged(under: Json, over: Json) -> Json:
    """Two settings as one; if both set something, the second wins."""
    both = dict(under)
    for key, value in over.items():
        inner = both.get(key)
        is_map = isinstance(value, dict) and isinstance(inner, dict)
        both[key] = merged(inner, value) if is_map and inner is not None else value
    return both


def formatted(field: Field) -> Json:
    """How a column is shown."""
    shown: Json = {"column_title": field.label}
    match field.format:
        case "usd":
            shown |= {"number_style": "currency", "currency": "USD", "currency_style": "symbol"}
        case "percent":
            shown |= {"number_style": "percent"}
        case "percent100":
            shown |= {"number_style": "decimal", "suffix": " %"}
        case "count":
            shown |= {"number_style": "decimal", "decimals": 0}
        case "decimal":
            shown |= {"number_style": "decimal"}
        case "date":
            if style := _DATE_STYLES.get(grain(field) or ""):
                shown |= {"date_style": style}
        case _:
            pass
    if field.decimals is not None:
        shown["decimals"] = field.decimals
    return shown


def grain(field: Field) -> str | None:
    """The period that a column is grouped by; with `sql` only its name can tell."""
    if field.sql is None:
        return field.name if field.kind == "date" and field.name in _DATE_STYLES else None
    match = re.match(rf"{PERIOD}\('(\w+)'", field.sql or "", re.IGNORECASE)
    return match[1] if match else None


def _key(field: Field) -> str:
    return json.dumps(["name", field.name], separators=(",", ":"), ensure_ascii=False)


def _of_type(chart: CompiledChart) -> Json:
    definition = chart.definition
    dimensions = [field.name for field in chart.dimensions]
    measures = [field.name for field in chart.measures]
    match definition:
        case Scalar():
            return _scalar(definition, measures)
        case Line() | Area() | Bar() | Row() | Combo():
            return _axes(chart)
        case Pie():
            return {
                "pie.dimension": dimensions[0],
                "pie.metric": measures[0],
                "pie.show_total": True,
                "pie.show_legend": True,
                "pie.percent_visibility": "legend",
                **({"pie.colors": colors} if (colors := _colors(chart.dimensions[0])) else {}),
            }
        case Gauge():
            starts = [definition.start, *(one.to for one in definition.segments)]
            return {
                "gauge.segments": [
                    {
                        "min": start,
                        "max": one.to,
                        "color": COLORS[one.color],
                        "label": one.label or "",
                    }
                    for start, one in zip(starts, definition.segments, strict=False)
                ]
            }
        case Scatter():
            bubble = {"scatter.bubble": measures[2]} if len(measures) > 2 else {}
            return {
                "graph.dimensions": measures[:1],
                "graph.metrics": measures[1:2],
                "graph.x_axis.title_text": chart.measures[0].label,
                "graph.y_axis.title_text": chart.measures[1].label,
                **bubble,
            }
        case Funnel():
            return {
                "funnel.dimension": dimensions[0],
                "funnel.metric": measures[0],
                "funnel.type": "funnel",
            }
        case Waterfall():
            return {
                "graph.dimensions": dimensions,
                "graph.metrics": measures,
                "graph.x_axis.scale": _scale(chart),
                "graph.x_axis.title_text": chart.dimensions[0].label,
                "graph.y_axis.title_text": chart.measures[0].label,
                "waterfall.show_total": definition.total,
            }
        case Pivot():
            rows = len(definition.rows)
            return {
                "pivot_table.column_split": {
                    "rows": dimensions[:rows],
                    "columns": dimensions[rows:],
                    "values": measures,
                },
                "pivot.show_row_totals": definition.totals,
                "pivot.show_column_totals": definition.totals,
                **({"table.column_formatting": [_heat(measures)]} if definition.heat else {}),
            }
        case Table():
            return _table(chart, definition)


def _heat(measures: list[str]) -> Json:
    return {
        "columns": measures,
        "type": "range",
        "colors": ["#FFFFFF", "#509EE3"],
        "min_type": "custom",
        "min_value": 0,
        "max_type": None,
        "max_value": 100,
    }


def _scalar(definition: Scalar, measures: list[str]) -> Json:
    shown: Json = {"scalar.field": measures[0]}
    if definition.x:
        shown["scalar.comparisons"] = [{"id": "1", "type": "previousPeriod"}]
        shown["scalar.switch_positive_negative"] = definition.more_is == "bad"
    return shown


def _scale(chart: CompiledChart) -> str:
    is_time = chart.dimensions[0].kind in ("date", "datetime")
    # Bars sorted by height keep the order of the rows.
    return "timeseries" if is_time and getattr(chart.definition, "sort", None) != "y" else "ordinal"


def _axes(chart: CompiledChart) -> Json:
    definition = chart.definition
    measures = chart.measures
    shown: Json = {
        "graph.dimensions": [field.name for field in chart.dimensions],
        "graph.metrics": [field.name for field in measures],
        "graph.x_axis.title_text": chart.dimensions[0].label,
    }
    if len(measures) == 1:
        shown["graph.y_axis.title_text"] = measures[0].label
    if not isinstance(definition, Row):
        shown["graph.x_axis.scale"] = _scale(chart)
    if isinstance(definition, Area | Bar | Row):
        shown["stackable.stack_type"] = _STACKS[definition.stack]
    if isinstance(definition, Combo):
        shown["series_settings"] = {
            field.name: {**_DISPLAYS[y.show_as], "axis": y.axis, "title": field.label}
            for field, y in zip(measures, definition.y, strict=True)
        }
    elif len(measures) > 1:
        shown["series_settings"] = {field.name: {"title": field.label} for field in measures}
    elif len(chart.dimensions) > 1 and (colors := _colors(chart.dimensions[1])):
        shown["series_settings"] = {name: {"color": color} for name, color in colors.items()}
    return shown | _goal(chart, shown)


def _colors(field: Field) -> dict[str, str]:
    """The colors of the values that have the same one everywhere."""
    column = field.sql or field.name
    names = field.names or code_names().get(_CODES.get(column, column), {})
    found = value_colors()
    return {name: found[name].light for name in names.values() if name in found}


def _goal(chart: CompiledChart, shown: Json) -> Json:
    """A fixed number is Metabase's goal line; a computed one is a dashed line of its own, and in a
    row chart, which has no lines, bars of its own."""
    fixed = getattr(chart.definition, "goal", None)
    if isinstance(fixed, int | float):
        return {"graph.show_goal": True, "graph.goal_value": fixed, "graph.goal_label": "Goal"}
    if chart.goal is None:
        return {}
    if len(chart.dimensions) > 1:
        raise PayloadError(
            "goal",
            "Metabase draws no computed goal next to `series`: use a number, or leave `series` out",
        )
    is_row = isinstance(chart.definition, Row)
    style = {} if is_row else {"display": "line", "line.style": "dashed"}
    line = {**style, "title": chart.goal.label}
    return {
        "graph.metrics": [*shown["graph.metrics"], chart.goal.name],
        "series_settings": {**shown.get("series_settings", {}), chart.goal.name: line},
    }


def _table(chart: CompiledChart, definition: Table) -> Json:
    columns = list(zip(chart.fields, definition.columns, strict=True))
    bars = {_key(field): {"show_mini_bar": True} for field, column in columns if column.bar}
    rules = [
        {
            "columns": [field.name],
            "type": "single",
            "operator": "=",
            "value": field.names.get(value, value),
            "color": COLORS[color],
            "highlight_row": False,
        }
        for field, column in columns
        for value, color in column.highlight.items()
    ]
    return {
        "table.columns": [{"name": field.name, "enabled": True} for field, _ in columns],
        "table.column_formatting": rules,
        "column_settings": bars,
    }
