"""Writes a dashboard that somebody made in Metabase as a definition, as far as the format allows.

What the format cannot express is named in comments at the top of the file. Whoever takes it over
still has to run `check` and look at the `preview`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import sqlglot
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from dashboards.definition import COLUMNS, is_slug, slug
from dashboards.deploy import normal, visualization
from dashboards.deploy.client import Client, Json
from dashboards.deploy.site import Site
from dashboards.deploy.visualization import COLORS
from dashboards.query import Dialect

_GRAINS = ("day", "week", "month", "quarter", "year")
_AGGREGATES = {"sum": "sum", "avg": "avg", "min": "min", "max": "max"}
_STACKS = {None: "none", "stacked": "stacked", "normalized": "percent"}
_AXES = ("line", "area", "bar", "row", "combo")
# Settings that a definition expresses in its own words, or that follow from the data.
_SETTINGS_OF_DEFINITIONS = re.compile(
    r"^(graph\.(dimensions|metrics|x_axis\.(title_text|scale)|y_axis\.title_text|goal_.*|show_goal)"
    r"|stackable\.stack_type|series_settings|column_settings|pie\.(dimension|metric|show_.*"
    r"|percent_visibility)|scalar\.(field|comparisons|switch_positive_negative)|gauge\.segments"
    r"|funnel\.(dimension|metric|type)|scatter\.bubble|waterfall\.show_total|table\.columns"
    r"|table\.column_formatting|pivot.*)$"
)
_EVERY_DAY = r"\s+and\s+\w+ >= cast\('1900-01-01' as date\)"
_REF = r"ref\('(\w+)'\)"
_OPTIONAL = r"\[\[\s*and\s+(?:(?!\]\]).)*\]\]"
_SLOT = re.compile(r"(filters|variable)__\('(\w+)'\)", re.IGNORECASE)
_TAG = r"\{\{\s*(\w+)\s*\}\}"


class _NotExpressible(Exception):  # noqa: N818 - a note, not a failure
    """A part of a dashboard that the format cannot express."""


def export(client: Client, site: Site, dashboard: str) -> tuple[str, str]:
    """A key and the YAML for a dashboard, given by its id, its entity id or its address."""
    match = re.search(r"/dashboard/(\d+)", dashboard)
    content = client.get(f"/api/dashboard/{match[1] if match else dashboard}")
    return _Export(site, content).result()


class _Export:
    def __init__(self, site: Site, content: Json) -> None:
        self.site, self.content = site, content
        self.key = slug(content["name"])
        self.columns = {number: place for place, number in site.warehouse.fields.items()}
        self.notes: list[str] = []
        self.questions: list[str] = []
        # For each parameter: its name here, the columns that it narrows, how it compares.
        self.names = {
            one["id"]: one["slug"] if is_slug(one["slug"]) else slug(one["slug"])
            for one in content.get("parameters") or []
        }
        self.narrowed: dict[str, list[str]] = {name: [] for name in self.names.values()}
        self.operators: dict[str, str] = {}
        # The filters that are bound to a chart, by its name.
        self.bound: dict[str, set[str]] = {}

    def result(self) -> tuple[str, str]:
        tabs = sorted(self.content.get("tabs") or [], key=lambda tab: tab.get("position", 0))
        numbers = [tab["id"] for tab in tabs] or [None]
        rows = [self._rows(number) for number in numbers]
        rows = [inner or [{"text": "Nothing could be taken over."}] for inner in rows]
        filters = {
            self.names[one["id"]]: result
            for one in self.content.get("parameters") or []
            if (result := self._filter(one))
        }
        for inner in rows:
            for row in inner:
                for chart in row.get("charts", []):
                    self._leave_out(chart, filters)
        description = re.split(r"\n*Made from dashboards/", self.content.get("description") or "")
        document: Json = {
            "name": self.content["name"],
            "description": description[0].strip() or self.content["name"],
            "questions": self.questions or [f"What does {self.content['name']} show?"],
        }
        if path := self._collection():
            document["collection"] = path
        if filters:
            document["filters"] = filters
        if tabs:
            document["tabs"] = [
                {"name": tab["name"], "rows": inner} for tab, inner in zip(tabs, rows, strict=True)
            ]
        else:
            document["rows"] = rows[0]
        if self.content.get("enable_embedding"):
            ways: Mapping[str, str] = self.content.get("embedding_params") or {}
            if locked := [name for name in filters if ways.get(name) == "locked"]:
                document["embed"] = {"locked": locked}
        return self.key, self._text(document)

    def _leave_out(self, chart: Json, filters: Json) -> None:
        """Filters that could narrow a chart but do not, which a definition has to list; and marts
        of a query that only others narrow, which it has to mark."""
        bound = self.bound.get(str(chart["name"]), set())
        marts = {chart["model"]} if "model" in chart else set(re.findall(_REF, chart["sql"]))
        columns = {
            name: {place.partition(".")[2] for place in self.narrowed[name]} for name in filters
        }

        def could_narrow(name: str, mart: str) -> bool:
            return any((mart, column) in self.site.warehouse.fields for column in columns[name])

        left = [
            name
            for name in filters
            if name not in bound and any(could_narrow(name, mart) for mart in marts)
        ]
        if left:
            chart["unfiltered"] = left
        if "sql" not in chart:
            return
        sql = str(chart["sql"])
        for mart in marts:
            could = any(could_narrow(name, mart) for name in filters if name not in left)
            if could and f"filters('{mart}')" not in sql:
                sql = sql.replace(f"ref('{mart}')", f"ref('{mart}', unfiltered=true)")
        chart["sql"] = type(chart["sql"])(sql)

    def _text(self, document: Json) -> str:
        yaml = YAML()
        yaml.indent(mapping=2, sequence=4, offset=2)
        yaml.width = 100
        written = io.StringIO()
        yaml.dump(document, written)
        head = ["# yaml-language-server: $schema=../schema.json"]
        if self.notes:
            head += ["# Not taken over:", *(f"# - {note}" for note in dict.fromkeys(self.notes))]
        return "\n".join([*head, written.getvalue()])

    def _collection(self) -> str | None:
        number = self.content.get("collection_id")
        return next((path for path, one in self.site.collections.items() if one == number), None)

    # --- filters

    def _filter(self, one: Json) -> Json | None:
        name = self.names[one["id"]]
        if not any(name in bound for bound in self.bound.values()):
            self.notes.append(
                f"the filter {one['name']}: it applies to no chart that is taken over"
            )
            return None
        kind = self._filter_type(one, name)
        if kind is None:
            self.notes.append(f"the filter {one['name']} ({one['type']})")
            return None
        result: Json = {"type": kind, "label": one["name"]}
        columns = list(dict.fromkeys(self.narrowed[name]))
        if columns:
            result["column"] = columns[0] if len(columns) == 1 else columns
        elif kind not in ("date", "number", "text"):
            self.notes.append(f"the filter {one['name']}: it applies to no known column")
            return None
        if name in self.operators and kind in ("date", "number", "text"):
            result["operator"] = self.operators[name]
        values = (one.get("values_source_config") or {}).get("values")
        if kind == "text" and values:
            result["values"] = [value[0] if isinstance(value, list) else value for value in values]
        default = one.get("default")
        if default not in (None, []):
            is_list = kind in ("multi_select", "number_range")
            result["default"] = default[0] if isinstance(default, list) and not is_list else default
        return result

    def _filter_type(self, one: Json, name: str) -> str | None:
        is_static = name in self.operators or not self.narrowed[name]
        match one["type"]:
            case "string/=" if is_static:
                return "text"
            case "string/=" if one.get("values_query_type") == "search":
                return "search"
            case "string/=":
                return "dropdown" if one.get("isMultiSelect") is False else "multi_select"
            case "date/range":
                return "date_range"
            case "date/relative" | "date/all-options":
                return "relative_date"
            case "date/single":
                return "date"
            case "number/between":
                return "number_range"
            case "number/=":
                return "number"
            case _:
                return None

    # --- rows

    def _rows(self, tab: int | None) -> list[Json]:
        placed = [
            one
            for one in self.content.get("dashcards") or []
            if tab is None or one.get("dashboard_tab_id") == tab
        ]
        by_row: dict[int, list[Json]] = {}
        for one in sorted(placed, key=lambda one: (one["row"], one["col"])):
            by_row.setdefault(one["row"], []).append(one)
        rows: list[Json] = []
        for group in by_row.values():
            charts = []
            for one in group:
                virtual = (one.get("visualization_settings") or {}).get("virtual_card")
                if virtual:
                    rows += self._virtual(one, virtual["display"])
                    continue
                name = (one.get("card") or {}).get("name")
                try:
                    charts.append(self._chart(one))
                except _NotExpressible as error:
                    self.notes.append(f"“{name}”: {error}")
            if charts:
                if sum(chart["width"] for chart in charts) > COLUMNS:
                    for chart in charts:
                        del chart["width"]
                rows.append({"charts": charts, "height": max(one["size_y"] for one in group)})
        return rows

    def _virtual(self, one: Json, display: str) -> list[Json]:
        settings = one["visualization_settings"]
        text = settings.get("text") or ""
        if str(settings.get("key", "")).endswith(".questions"):
            self.questions = text.split(" · ")
            return []
        if display not in ("heading", "text") or not text.strip():
            self.notes.append(f"a card that is a {display}")
            return []
        return [{display: text, "height": one["size_y"]}]

    # --- charts

    def _chart(self, one: Json) -> Json:
        card = one.get("card") or {}
        query = normal.query(card.get("dataset_query") or {})
        if not query or query.get("database") != self.site.warehouse.id:
            raise _NotExpressible("it queries another database")
        settings = visualization.merged(
            card.get("visualization_settings") or {}, one.get("visualization_settings") or {}
        )
        key = str(settings.pop("key", "")).rpartition(".")[2]
        result: Json = {"name": card["name"]}
        if key and key != slug(card["name"]):
            result["id"] = key
        result["type"] = "scalar" if card["display"] == "smartscalar" else card["display"]
        if card.get("description"):
            result["description"] = card["description"]
        result["width"] = one["size_x"]
        if "sql" in query:
            result["sql"] = LiteralScalarString(self._sql(one, query))
            result |= self._shown(card["display"], settings)
        else:
            result |= self._built(one, card["display"], query)
        rest = {
            key: value for key, value in settings.items() if not _SETTINGS_OF_DEFINITIONS.match(key)
        }
        if rest := {key: value for key, value in rest.items() if key != "virtual_card"}:
            result["metabase"] = rest
        ids = [mapping["parameter_id"] for mapping in one.get("parameter_mappings") or []]
        self.bound[card["name"]] = {self.names[number] for number in ids if number in self.names}
        return result

    def _sql(self, one: Json, query: Json) -> str:
        """Metabase's SQL with `ref`, `filters` and `variable` for tables and tags."""
        tags = query["tags"]
        # A deploy adds this for BigQuery, so it is removed here.
        sql = re.sub(_EVERY_DAY, "", str(query["sql"]), flags=re.IGNORECASE)
        bound = {
            mapping["target"][1][1]: self.names.get(mapping["parameter_id"])
            for mapping in one.get("parameter_mappings") or []
            if mapping["target"][1][0] == "template-tag"
        }

        def group(found: re.Match[str]) -> str:
            marts = set()
            for tag in re.findall(_TAG, found[0]):
                name, mart, column, operator = self._place(tag, tags, bound, found[0])
                marts.add(mart)
                self.narrowed.setdefault(name, []).append(f"{mart}.{column}")
                if operator:
                    self.operators[name] = operator
            if len(marts) != 1:
                raise _NotExpressible("its optional conditions are over several tables")
            return f"filters__('{marts.pop()}')"

        sql = re.sub(rf"\btrue\s+((?:{_OPTIONAL}\s*)+)", group, sql, flags=re.I | re.S)
        sql = re.sub(
            rf"((?:{_OPTIONAL}\s*)+)", lambda found: f" and {group(found)} ", sql, flags=re.S
        )
        if "[[" in sql:
            raise _NotExpressible("its SQL has optional parts that are not filters")

        def variable(found: re.Match[str]) -> str:
            name = bound.get(found[1])
            if tags.get(found[1], {}).get("type") == "dimension" or not name:
                raise _NotExpressible(f"its SQL needs the tag {found[1]}")
            return f"variable__('{name}')"

        sql = self._tables(re.sub(_TAG, variable, sql))
        sql = _as_duckdb(sql, self.site.warehouse.dialect)
        sql = re.sub(r'"?ref__(\w+?)__"?', r"{{ ref('\1') }}", sql)
        return _SLOT.sub(lambda found: f"{{{{ {found[1].lower()}('{found[2]}') }}}}", sql) + "\n"

    def _place(
        self, tag: str, tags: Json, bound: Mapping[str, str | None], text: str
    ) -> tuple[str, str, str, str | None]:
        """For a tag: the filter's name, the mart, the column, and the operator of a static one."""
        name = bound.get(tag)
        if not name:
            raise _NotExpressible(f"its tag {tag} is bound to no filter of the dashboard")
        known = tags.get(tag, {})
        if known.get("type") == "dimension":
            if known["dimension"] not in self.columns:
                raise _NotExpressible(f"its tag {tag} is over a table that is not a mart")
            return (name, *self.columns[known["dimension"]], None)
        place = r"([\w.`\"-]+)\.[`\"]?(\w+)[`\"]?"
        value = r"\{\{\s*" + tag + r"\s*\}\}"
        contains = rf"lower\({place}\) (like) concat\('%', lower\({value}\), '%'\)"
        compared = re.search(rf"{place}\s*(<=|>=|=)\s*{value}", text) or re.search(contains, text)
        mart = re.findall(r"\w+", compared[1])[-1] if compared else ""
        if not compared or mart not in self.site.tables:
            raise _NotExpressible(f"its tag {tag} uses a comparison that the format does not have")
        return name, mart, compared[2], "contains" if compared[3] == "like" else compared[3]

    def _tables(self, sql: str) -> str:
        schema = re.escape(self.site.warehouse.schema)
        for mart in self.site.tables:
            q = r"[`\"]?"
            pattern = rf"{q}(?:[\w-]+{q}\.{q})?\b{schema}{q}\.{q}{mart}\b{q}"
            sql = re.sub(pattern, f"ref__{mart}__", sql)
        return sql

    def _built(self, one: Json, display: str, query: Json) -> Json:
        """A question of the query builder that groups one mart, as a chart over a model."""
        stage = query["stages"][0]
        known = {"source-table", "aggregation", "breakout"}
        if len(query["stages"]) > 1 or set(stage) - known:
            raise _NotExpressible("it is a question of the query builder that does more than group")
        for mapping in one.get("parameter_mappings") or []:
            target = mapping["target"][1]
            number = normal.query_field(target)
            name = self.names.get(mapping["parameter_id"])
            if name and number in self.columns:
                self.narrowed[name].append(".".join(self.columns[number]))
        measures = [self._aggregate(clause) for clause in stage.get("aggregation", [])]
        groups = [self._breakout(clause) for clause in stage.get("breakout", [])]
        marts = {mart for mart, _ in [*measures, *groups] if mart}
        if len(marts) != 1 or not measures:
            raise _NotExpressible(
                "it is a question of the query builder that does not use exactly one mart"
            )
        result: Json = {"model": marts.pop()}
        y = [value for _, value in measures]
        x = [value for _, value in groups]
        match display, len(x), len(y):
            case (("scalar" | "gauge"), 0, 1):
                return result | {"y": y[0]}
            case (("smartscalar" | "pie" | "waterfall"), 1, 1):
                return result | {"x": x[0], "y": y[0]}
            case (("line" | "area" | "bar" | "row"), 1, _):
                return result | {"x": x[0], "y": y}
            case (("line" | "area" | "bar" | "row"), 2, 1):
                return result | {"x": x[0], "series": x[1], "y": y[0]}
            case "table", _, _:
                return result | {"columns": [*x, *y]}
            case "pivot", count, _ if count:
                return result | {"rows": x[:1], "columns": x[1:], "values": y}
            case _:
                raise _NotExpressible(f"a {display} of the query builder")

    def _aggregate(self, clause: list[Any]) -> tuple[str, str]:
        operator, _, *arguments = clause
        if operator == "count" and not arguments:
            return "", "count(*)"
        mart, column = self._column(arguments[0] if arguments else None)
        if operator == "distinct":
            return mart, f"count(distinct {column})"
        if operator not in _AGGREGATES:
            raise _NotExpressible(f"it computes {operator}")
        return mart, f"{_AGGREGATES[operator]}({column})"

    def _breakout(self, clause: list[Any]) -> tuple[str, str]:
        mart, column = self._column(clause)
        unit = clause[1].get("temporal-unit")
        if unit and unit not in _GRAINS:
            raise _NotExpressible(f"it groups by {unit}")
        return mart, f"{column} by {unit}" if unit else column

    def _column(self, clause: Any) -> tuple[str, str]:  # noqa: ANN401
        number = normal.query_field(clause)
        if number not in self.columns:
            raise _NotExpressible("it uses a column that belongs to no mart")
        return self.columns[number]

    def _shown(self, display: str, settings: Json) -> Json:
        """What a chart over SQL shows, according to its settings."""
        part = _Parts(settings)
        match display:
            case "scalar":
                return {"y": part.measure(part.need("scalar.field"))}
            case "smartscalar":
                field = part.need("scalar.field")
                others = [name for name in part.columns if name != field]
                if not others:
                    raise _NotExpressible("its settings do not say which column is its date")
                turned = settings.get("scalar.switch_positive_negative")
                more = {"more_is": "bad"} if turned else {}
                return {"x": part.dimension(others[0]), "y": part.measure(field), **more}
            case "pie":
                x, y = part.need("pie.dimension"), part.need("pie.metric")
                if isinstance(x, list):
                    raise _NotExpressible("a pie with rings")
                return {"x": part.dimension(x), "y": part.measure(y)}
            case "gauge":
                return {"y": part.measure(part.first()), **_segments(part.need("gauge.segments"))}
            case "funnel":
                x, y = part.need("funnel.dimension"), part.need("funnel.metric")
                return {"x": part.dimension(x), "y": part.measure(y)}
            case "scatter":
                # The column that no axis shows is the name of the point.
                x, y = part.need("graph.dimensions")[0], part.need("graph.metrics")[0]
                size = settings.get("scatter.bubble")
                points = [name for name in part.columns if name not in (x, y, size)]
                if not points:
                    raise _NotExpressible("a scatter whose points have no name")
                bubble = {"size": part.measure(size)} if size else {}
                point = part.dimension(points[0])
                return {"points": point, "x": part.measure(x), "y": part.measure(y), **bubble}
            case "table":
                return {"columns": part.table()}
            case _ if display in (*_AXES, "waterfall"):
                return part.axes(display)
            case _:
                raise _NotExpressible(f"a {display}")


class _Parts:
    """Columns of a chart's settings, as parts of a definition."""

    def __init__(self, settings: Json) -> None:
        self.settings = settings
        columns = normal.settings(settings).get("column_settings", {})
        self.columns: dict[str, Json] = {
            match[1]: value
            for key, value in columns.items()
            if (match := re.fullmatch(r'\["name","(.+)"\]', key))
        }

    def need(self, key: str) -> Any:  # noqa: ANN401
        if self.settings.get(key) in (None, []):
            raise _NotExpressible(f"it does not say {key}")
        return self.settings[key]

    def first(self) -> str:
        if not self.columns:
            raise _NotExpressible("its settings do not name its column")
        return next(iter(self.columns))

    def dimension(self, name: str) -> Any:  # noqa: ANN401
        title = self.columns.get(name, {}).get("column_title")
        return {"value": name, "label": title} if title else name

    def measure(self, name: str) -> Any:  # noqa: ANN401
        settings = self.columns.get(name, {})
        part: Json = {"value": name}
        if settings.get("column_title"):
            part["label"] = settings["column_title"]
        if format_ := _format(settings):
            part["format"] = format_
        if settings.get("decimals") is not None and format_ != "count":
            part["decimals"] = settings["decimals"]
        return part if len(part) > 1 else name

    def axes(self, display: str) -> Json:
        dimensions = list(self.need("graph.dimensions"))
        metrics = list(self.need("graph.metrics"))
        series: Json = self.settings.get("series_settings") or {}
        result: Json = {"x": self.dimension(dimensions[0])}
        if len(dimensions) > 2 or (len(dimensions) == 2 and len(metrics) > 1):
            raise _NotExpressible("it has more than x and one series")
        if len(dimensions) == 2:
            result["series"] = self.dimension(dimensions[1])
        if display == "waterfall":
            return result | {"y": self.measure(metrics[0])}
        goals = [name for name in metrics if series.get(name, {}).get("line.style") == "dashed"]
        shown = [name for name in metrics if name not in goals]
        if self.settings.get("graph.show_goal") and "graph.goal_value" in self.settings:
            result["goal"] = self.settings["graph.goal_value"]
        if display == "combo":
            result["y"] = [self._combo(name, series.get(name, {})) for name in metrics]
            return result
        result["y"] = [self.measure(name) for name in shown]
        if goals:
            result.setdefault("goal", self.measure(goals[0]))
        if display in ("area", "bar", "row"):
            result["stack"] = _STACKS.get(self.settings.get("stackable.stack_type"), "none")
        return result

    def _combo(self, name: str, series: Json) -> Json:
        measure = self.measure(name)
        result = measure if isinstance(measure, dict) else {"value": name}
        return result | {
            "show_as": series.get("display", "bar"),
            "axis": series.get("axis") or "left",
        }

    def table(self) -> list[Any]:
        listed = [one["name"] for one in self.settings.get("table.columns") or [] if one["enabled"]]
        if not (names := listed or list(self.columns)):
            raise _NotExpressible("its settings do not name its columns")
        return [self._column(name) for name in names]

    def _column(self, name: str) -> Any:  # noqa: ANN401
        measure = self.measure(name)
        result = measure if isinstance(measure, dict) else {"value": name}
        if self.columns.get(name, {}).get("show_mini_bar"):
            result["bar"] = True
        by_color = {color: word for word, color in COLORS.items()}
        highlight = {
            str(rule["value"]): by_color.get(rule.get("color", ""), "warning")
            for rule in self.settings.get("table.column_formatting") or []
            if rule.get("columns") == [name] and rule.get("operator") == "="
        }
        if highlight:
            result["highlight"] = highlight
        return result if len(result) > 1 else name


def _format(settings: Json) -> str | None:
    if settings.get("number_style") == "currency":
        return "usd"
    if settings.get("number_style") == "percent":
        return "percent"
    if str(settings.get("suffix", "")).strip() == "%":
        return "percent100"
    if settings.get("number_style") == "decimal":
        return "count" if settings.get("decimals") == 0 else "decimal"
    return None


def _segments(segments: list[Json]) -> Json:
    by_color = {color: word for word, color in COLORS.items()}
    result = []
    for one in segments:
        part: Json = {"to": one["max"], "color": by_color.get(one.get("color", ""), "neutral")}
        if one.get("label"):
            part["label"] = one["label"]
        result.append(part)
    return {"start": segments[0]["min"], "segments": result}


def _as_duckdb(sql: str, dialect: Dialect) -> str:
    if dialect == "duckdb":
        return sql.strip()
    try:
        return sqlglot.transpile(sql, read=dialect, write="duckdb", pretty=True)[0]
    except sqlglot.errors.SqlglotError:
        raise _NotExpressible("its SQL cannot be read") from None
