"""Renders the pages: each one is a single file that refers to nothing outside."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self, get_args

import duckdb
import msgspec
import pyarrow as pa
from markdown_it import MarkdownIt
from markupsafe import Markup

from dashboards.colors import MEANINGS, PALETTE, value_colors
from dashboards.compiled import CompiledChart, CompiledDashboard, Field, filter_label, needs_months
from dashboards.definition import AnyFilter, Audience, Scalar
from dashboards.names import code_names, names_of
from dashboards.people import People, is_hidden
from dashboards.preview.annotations import Annotations
from dashboards.preview.cube import ChartData, JsonObject
from dashboards.preview.freshness import CUSTOMER_SOURCES, Stale
from foundation.pages import templates
from foundation.sample_data import is_sandbox
from foundation.sources import SOURCES

HERE = Path(__file__).parent
# In this order: each uses those before it.
CHARTS = ("colors", "plots", "annotations", "axes", "round", "steps", "scalar", "tables")
SCRIPTS = (
    *("formats.js", "filters.js", "aggregate.js", "query.js", "export.js", "links.js"),
    "periods.js",
    *(f"charts/{name}.js" for name in CHARTS),
    *("page.js", "print.js"),
)

AUDIENCES = get_args(Audience)
# Where the headline leads to.
ALERTS_PAGE, ALERTS_TAB = "executive", "Alerts"

# Without buttons for images: they would be fetched from elsewhere.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
_environment = templates(HERE)
_environment.globals.update(alerts_page=ALERTS_PAGE, alerts_tab=ALERTS_TAB)
_environment.filters["markdown"] = lambda text: Markup(_markdown.render(text))  # noqa: S704

# From here on nobody reads the cents.
THOUSAND = 1000


@dataclass(frozen=True)
class Facts:
    """How new the data is and how much of it is attributed; None for what the marts do not say."""

    first_day: date | None = None
    newest_day: date | None = None
    last_load: datetime | None = None
    unattributed_share: float | None = None
    no_cost_center_share: float | None = None
    unattributed_of: str = ""
    headline: Headline | None = None


@dataclass(frozen=True)
class Month:
    """A month's cost in dollars, its change from the month before, its forecast and budget."""

    month: date
    cost: Decimal
    change: Decimal | None
    is_whole: bool
    forecast: Decimal | None
    low: Decimal | None
    high: Decimal | None
    budget: Decimal | None


@dataclass(frozen=True)
class Headline:
    """The last whole month, the running one, and how many things need attention."""

    whole: Month
    running: Month | None
    alerts: int | None


@dataclass(frozen=True)
class CustomerFacts:
    """The same of the customers of a seller: what of their spend and usage belongs to a
    subscription."""

    first_day: date | None = None
    newest_day: date | None = None
    last_load: datetime | None = None
    attributed_spend_share: float | None = None
    attributed_usage_share: float | None = None
    attributed_of: str = ""


@dataclass(frozen=True)
class Number:
    """A number with its name, as it is written."""

    name: str
    text: str


@dataclass(frozen=True)
class Card:
    """A dashboard on the index."""

    key: str
    name: str
    description: str
    questions: list[str]
    audience: Audience
    number: Number | None
    errors: list[str]

    @classmethod
    def of(
        cls,
        dashboard: CompiledDashboard,
        charts: dict[str, ChartData],
        answer: Callable[[CompiledChart], pa.Table],
    ) -> Self:
        definition = dashboard.definition
        return cls(
            key=dashboard.key,
            name=definition.name,
            description=definition.description,
            questions=definition.questions,
            audience=definition.audience,
            number=_number(dashboard, charts, answer),
            errors=_failed(dashboard, charts),
        )


def _failed(dashboard: CompiledDashboard, charts: dict[str, ChartData]) -> list[str]:
    """The names of the charts whose query failed."""
    return [chart.definition.name for chart in dashboard.charts if charts[chart.key].error]


def _number(
    dashboard: CompiledDashboard,
    charts: dict[str, ChartData],
    answer: Callable[[CompiledChart], pa.Table],
) -> Number | None:
    """The number of the first chart that is one; of a trend the newest."""
    for chart in dashboard.charts:
        if not isinstance(chart.definition, Scalar) or charts[chart.key].error:
            continue
        (measure,) = chart.measures
        with suppress(duckdb.Error):
            values = answer(chart).column(measure.name)
            if len(values) and (value := values[-1].as_py()) is not None:
                return Number(chart.definition.name, _in_brief(value, measure))
    return None


def _in_brief(value: Any, one: Field) -> str:  # noqa: ANN401 - what DuckDB answers
    """A number as the pages write it."""
    if one.format in ("percent", "percent100"):
        share = value * 100 if one.format == "percent" else value
        return f"{share:,.{1 if one.decimals is None else one.decimals}f}%"
    if one.format == "usd":
        digits = 0 if abs(value) >= THOUSAND else 2 if one.decimals is None else one.decimals
        return f"{'−' if value < 0 else ''}${abs(value):,.{digits}f}"
    if isinstance(value, date):
        return f"{value:%-d %b %Y}"
    return f"{value:,.{one.decimals or 0}f}"


# How new the data is, and by month how much of the spend is attributed: in the company's marts, and
# in those of its customers.
FRESHNESS = f"""
    select max(quality_date) filter (where windows_landed > 0), max(last_loaded_at)
    from marts.fct_data_quality_daily
    where source_name not in {CUSTOMER_SOURCES}
"""
FIRST_DAY = "select min(cost_date) from marts.metric_costs"
# The newest whole month and the one before it, then the running one.
MONTHS = """
    select
        month,
        total_monthly_cost,
        total_monthly_cost - lag(total_monthly_cost) over (order by month) as change,
        is_complete_month,
        forecast_month_end_cost,
        forecast_month_end_cost_low,
        forecast_month_end_cost_high,
        budget_amount
    from marts.vw_executive_dashboard
    order by month desc
    limit 2
"""
# What the tab Alerts lists: money that is disputed, missing or unusual, and budgets, each once.
ATTENTION = """
    select
        (select count(*) from marts.rpt_alerts_disputes)
        + (select count(*) from marts.rpt_alerts_gaps)
        + (select count(*) from marts.rpt_alerts_anomalies)
        + (select count(*) from marts.rpt_alerts_budgets where is_of_broadest_kind)
"""
# As the metric unattributed_share has it.
UNATTRIBUTED = """
    select
        date_trunc('month', cost_date) as month,
        sum(effective_cost_usd) filter (where not is_attributed),
        sum(effective_cost_usd) filter (where cost_center is null),
        sum(effective_cost_usd)
    from marts.metric_costs
    group by month
"""
CUSTOMERS_DAYS = "select min(usage_date), max(usage_date) from marts.fct_revops_usage_daily"
CUSTOMERS_LAST_LOAD = f"""
    select max(last_loaded_at)
    from marts.fct_data_quality_daily
    where source_name in {CUSTOMER_SOURCES}
"""
CUSTOMERS_ATTRIBUTED = """
    select
        month,
        sum(total_cost_usd) filter (where subscription_id != 'unattributed'),
        sum(total_cost_usd),
        sum(total_tokens) filter (where subscription_id != 'unattributed'),
        sum(total_tokens)
    from marts.fct_revops_monthly_team_metrics
    group by month
"""


def facts(connection: duckdb.DuckDBPyConnection, today: date) -> Facts:
    """Freshness, and the unattributed share of cost in the last complete month; None for what the
    marts do not say."""
    (first,) = _first(connection, FIRST_DAY) or [None]
    day, load = _first(connection, FRESHNESS) or (None, None)
    last_month = _first(connection, _of_last_month(UNATTRIBUTED, today))
    month, unattributed, no_cost_center, total = last_month or [None] * 4
    return Facts(
        first_day=first,
        newest_day=day,
        last_load=load,
        unattributed_share=_share(unattributed, total),
        no_cost_center_share=_share(no_cost_center, total),
        unattributed_of=f"{month:%b %Y}" if month else "",
        headline=_headline(connection),
    )


def _headline(connection: duckdb.DuckDBPyConnection) -> Headline | None:
    """None without a whole month."""
    months = [Month(*row) for row in _all(connection, MONTHS)]
    whole = next((month for month in months if month.is_whole), None)
    (alerts,) = _first(connection, ATTENTION) or [None]
    running = months[0] if months and not months[0].is_whole else None
    return Headline(whole, running, alerts) if whole else None


def customer_facts(connection: duckdb.DuckDBPyConnection, today: date) -> CustomerFacts:
    """The same of what customers spend and use; attributed is what a team used that a subscription
    leads to."""
    first, day = _first(connection, CUSTOMERS_DAYS) or [None] * 2
    (load,) = _first(connection, CUSTOMERS_LAST_LOAD) or [None]
    last_month = _first(connection, _of_last_month(CUSTOMERS_ATTRIBUTED, today))
    month, tied_usd, usd, tied_tokens, tokens = last_month or [None] * 5
    return CustomerFacts(
        first_day=first,
        newest_day=day,
        last_load=load,
        attributed_spend_share=_share(tied_usd, usd),
        attributed_usage_share=_share(tied_tokens, tokens),
        attributed_of=f"{month:%b %Y}" if month else "",
    )


def _of_last_month(by_month: str, today: date) -> str:
    """A query for the newest whole month of one that has a row for each."""
    return (
        f"select * from ({by_month}) where month < date_trunc('month', date '{today}')"
        " order by month desc limit 1"
    )


def _share(part: Any, whole: Any) -> float | None:  # noqa: ANN401 - what DuckDB sums to
    return float(part or 0) / float(whole) if whole else None


def _first(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:  # noqa: ANN401
    return next(iter(_all(connection, sql)), None)


def _all(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Any]:
    try:
        return connection.execute(sql).fetchall()
    except duckdb.Error:
        return []


def is_sample(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether what the warehouse holds comes from the sandbox."""
    urls = [
        url
        for source in SOURCES
        for (url,) in _all(
            connection, f"select distinct base_url from {source.raw_schema}.extractions"
        )
    ]
    return any(is_sandbox(url) for url in urls)


def dashboard(
    compiled: CompiledDashboard,
    charts: dict[str, ChartData],
    cubes: list[JsonObject],
    choices: dict[str, list[str]],
    known: Facts | CustomerFacts,
    stale: list[Stale],
    today: date,
    *,
    explorer: CompiledDashboard | None,
    annotations: Annotations | None,
    is_sample: bool,
) -> str:
    """A dashboard's page. What is clicked leads to the `explorer`, if there is one."""
    definition = compiled.definition
    data = {
        "key": compiled.key,
        "today": today.isoformat(),
        "first": known.first_day.isoformat() if known.first_day else "",
        "filters": [
            _filter(name, bound, choices[name]) for name, bound in definition.filters.items()
        ],
        "tabs": [sorted(tab.filters) for tab in compiled.tabs],
        "explorer": _explorer(explorer) if explorer else None,
        "colors": {
            "palette": [asdict(color) for color in PALETTE],
            "meanings": {name: asdict(color) for name, color in MEANINGS.items()},
            "values": {name: asdict(color) for name, color in value_colors().items()},
        },
        "annotations": annotations.listed(compiled) if annotations else [],
        "platforms": code_names()["platform_code"],
        "cubes": cubes,
        "charts": {
            chart.key: _chart(compiled, chart, charts[chart.key])
            | {"platforms": annotations.platforms(chart) if annotations else None}
            for chart in compiled.charts
        },
    }
    template = _environment.get_template("page.html.j2")
    headline = getattr(known, "headline", None)
    return template.render(
        dashboard=compiled,
        counts={ALERTS_TAB: headline.alerts} if headline and compiled.key == ALERTS_PAGE else {},
        data=_packed(data, compiled.people),
        facts=known,
        stale=stale,
        failed=_failed(compiled, charts),
        is_sample=is_sample,
        css=Markup(_css()),  # noqa: S704 - our own file
        script=Markup(_scripts()),  # noqa: S704 - our own files
    )


def index(cards: list[Card], known: Facts, stale: list[Stale], *, is_sample: bool) -> str:
    """The page that links to the others, by whom they are for."""
    template = _environment.get_template("index.html.j2")
    return template.render(
        cards=sorted(cards, key=lambda card: AUDIENCES.index(card.audience)),
        facts=known,
        stale=stale,
        failed=[],
        is_sample=is_sample,
        css=Markup(_css()),  # noqa: S704 - our own file
    )


def _filter(name: str, bound: AnyFilter, choices: list[str]) -> JsonObject:
    return {
        "name": name,
        "label": filter_label(name, bound),
        "type": bound.type,
        "default": bound.model_dump(mode="json")["default"],
        "operator": getattr(bound, "operator", None),
        "needsMonths": needs_months(bound),
        "choices": getattr(bound, "values", None) or choices,
        "names": names_of(bound.column),
    }


def _explorer(compiled: CompiledDashboard) -> JsonObject:
    """What a link to the explorer needs: its filters, with the column that each narrows."""
    filters = [
        {"name": name, "type": bound.type, "default": None, "column": one.partition(".")[2]}
        for name, bound in compiled.definition.filters.items()
        for one in bound.column
    ]
    return {"key": compiled.key, "filters": filters}


def _chart(dashboard: CompiledDashboard, chart: CompiledChart, data: ChartData) -> JsonObject:
    shown = chart.definition.model_dump(
        mode="json",
        include={
            "type",
            "name",
            "description",
            "stack",
            "goal",
            "more_is",
            "total",
            "totals",
            "heat",
        }
        | {"start", "segments", "columns", "limit"},
    )
    shown["marks"] = [
        {"show_as": getattr(one, "show_as", None), "axis": getattr(one, "axis", None)}
        for one in _listed(getattr(chart.definition, "y", None))
    ]
    shown["hasSeries"] = getattr(chart.definition, "series", None) is not None
    shown["hasSize"] = getattr(chart.definition, "size", None) is not None
    shown["rowDimensions"] = len(_listed(getattr(chart.definition, "rows", None)))
    return shown | {
        "fields": [_field(one, chart, dashboard) for one in chart.fields],
        "source": data.source,
        "sql": data.sql,
        "wires": [[wire.filter, wire.mart, wire.column] for wire in chart.wires],
        "unfiltered": dashboard.unfiltered(chart),
        "notes": data.notes,
        "error": data.error,
    }


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


# A column with a text where it is null, which no filter can find.
_NOTHING = re.compile(r"coalesce\((?P<column>\w+), '(?P<nothing>[^']*)'\)", re.IGNORECASE)


def _field(one: Field, chart: CompiledChart, dashboard: CompiledDashboard) -> JsonObject:
    named = _NOTHING.fullmatch(one.sql or "")
    period = re.match(r"period__\('(\w+)'", one.sql or "")
    role = "goal" if one == chart.goal else "measure"
    column = named["column"] if named else one.sql or one.name
    # The explorer has no rows of a pseudonym.
    leads_nowhere = dashboard.hides_people and is_hidden(one.name)
    return {
        "name": one.name,
        "column": None if leads_nowhere else column,
        "nothing": named["nothing"] if named else None,
        "label": one.label,
        "kind": one.kind,
        "format": one.format,
        "decimals": one.decimals,
        "grain": period[1] if period else None,
        "names": one.names,
        "role": "dimension" if one in chart.dimensions else role,
    }


def _packed(data: object, people: People) -> str:
    """JSON as the page unpacks it: a fifth as long, and without a character that means anything in
    HTML. The salt of pseudonyms is in no part of it: queries, columns, notes and errors."""
    text = people.without_salt(msgspec.json.encode(data).decode()).encode()
    # Without the time, so that a page is the same each time.
    return base64.b64encode(gzip.compress(text, compresslevel=6, mtime=0)).decode()


def plotly() -> Path:
    """plotly.js in its package, found without importing the package, which is slow."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("plotly is not installed: make setup")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


@cache
def _scripts() -> str:
    return _inline("\n".join((HERE / name).read_text() for name in SCRIPTS))


@cache
def _css() -> str:
    return (HERE / "page.css").read_text()


def _inline(script: str) -> str:
    """A script that can be put into a page: no text in it ends or comments out the element."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
