"""Sources that are behind the others, and the charts whose numbers come from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from dashboards.compiled import CompiledChart
from dashboards.names import code_names

# The sources of what customers use. Everything else in the warehouse is the company's own.
CUSTOMER_SOURCES = ("product", "salesforce")
# A source is behind if the others were read that much later: a daily run has left it out.
BEHIND = timedelta(hours=20)

SOURCES = """
    select
        source_name,
        max(quality_date) filter (where windows_expected > 0) as due_until,
        max(quality_date) filter (where windows_landed = windows_expected and windows_expected > 0)
            as known_until,
        max(last_loaded_at) as last_loaded_at
    from marts.fct_data_quality_daily
    group by source_name, organization
"""


@dataclass(frozen=True)
class Stale:
    """A source that lacks days which are due, or was not read when the others were."""

    source: str
    known_until: date | None

    @property
    def name(self) -> str:
        return code_names()["source_name"].get(self.source, self.source)

    def __str__(self) -> str:
        if self.known_until is None:
            return f"{self.name} has not answered yet"
        return f"{self.name} is known until {self.known_until:%-d %b %Y}"


def stale_sources(connection: duckdb.DuckDBPyConnection) -> list[Stale]:
    """The sources that are behind, each until the last day that all of its organizations have."""
    try:
        rows = connection.execute(SOURCES).fetchall()
    except duckdb.Error:
        return []
    newest = max((loaded for *_, loaded in rows if loaded), default=None)
    found: dict[str, date | None] = {}
    for source, due, known, loaded in rows:
        lacks_days = due is not None and (known is None or known < due)
        was_left_out = loaded is None or (newest is not None and newest - loaded > BEHIND)
        if not (lacks_days or was_left_out):
            continue
        until = known if due else (loaded.date() if loaded else None)
        others = found.get(source, until)
        found[source] = min(until, others) if until and others else None
    return [Stale(source, until) for source, until in sorted(found.items())]


class Feeds:
    """Which sources the numbers of a chart come from."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, str], frozenset[str] | None] = {}

    def stale(self, chart: CompiledChart, sources: Iterable[Stale]) -> list[Stale]:
        """Those of some sources that feed a chart."""
        return [
            one for one in sources if any(self._feeds(one, mart, chart) for mart in chart.marts)
        ]

    def _feeds(self, stale: Stale, mart: str, chart: CompiledChart) -> bool:
        is_of_customers = stale.source in CUSTOMER_SOURCES
        if mart == "fct_data_quality_daily":
            return True
        if is_of_customers or "revops" in mart:
            return is_of_customers and "revops" in mart
        vendors = self._vendors(mart, chart.definition.where or "true")
        # A sheet says whose cost it is, and what a seat costs.
        return vendors is None or stale.source in vendors or stale.source == "google_sheets"

    def _vendors(self, mart: str, where: str) -> frozenset[str] | None:
        """The vendors in a chart's rows; None if the mart does not tell them apart."""
        if (mart, where) not in self._known:
            self._known[mart, where] = self._asked(mart, where)
        return self._known[mart, where]

    def _asked(self, mart: str, where: str) -> frozenset[str] | None:
        for columns in (
            "vendor",
            "(select vendor from marts.dim_platforms as platforms"
            " where platforms.platform_code = rows_.platform_code)",
        ):
            sql = f"select distinct {columns} from (select * from marts.{mart} where {where}) rows_"
            try:
                return frozenset(name for (name,) in self._connection.execute(sql).fetchall())
            except duckdb.Error:
                continue
        return None
