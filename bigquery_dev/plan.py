"""What the daily run reads and writes on BigQuery, derived from the SQL before anybody pays for it.

The columns and days that each statement reads come from its resolved form (`bigquery_dev.scans`);
rows and widths are measured in a warehouse on this machine and scaled to a company of a given size.
BigQuery bills what is read, but at least 10 MB for each table that a statement names
(https://cloud.google.com/bigquery/pricing#on_demand_pricing). What clustering saves is not counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import duckdb

from bigquery_dev.check import Analysis, views_of
from bigquery_dev.compiled import QUESTIONS, Node
from bigquery_dev.googlesql import type_name
from bigquery_dev.scans import Days, Read, reads

LEAST_BILLED = 10_000_000
# https://cloud.google.com/bigquery/pricing#data: a text takes 2 bytes plus its UTF-8.
WIDTHS = {"BIGNUMERIC": 32, "NUMERIC": 16, "BOOL": 1}
# A directory lands as a whole when it changed: we assume on five days of seven.
SNAPSHOTS_PER_DAY = 5 / 7
# How often somebody changes teams, a key its status, a price its amount.
CHANGES_PER_YEAR = 1
# A run asks each resource again for this many days, and logs each of them.
LOOK_BACK = 31
# Tables with rows per run or per day, whatever the size of the company.
BY_RUN = ("completed_runs", "run_log", "_dlt_loads", "stg_windows")
BY_DAY = (
    "rollup_cost_ties",
    "rollup_platform_days",
    "int_cursor_cycle_spends",
    "int_days",
    "dim_dates",
    "fct_cost_versions",
    "fct_cost_restatements",
    "stg_google__cost_versions",
    "stg_google__invoice_days",
)
# Tables of the days before the first run, which are a year at most: no run adds to them.
BEFORE_THE_FIRST_RUN = ("stg_cursor__early_use_days",)


@dataclass(frozen=True)
class Company:
    """`people` use the tools; the warehouse holds `history` days, the last of which is over."""

    people: int
    history: int


@dataclass(frozen=True)
class Reading:
    """A table that a statement reads: how many of its partitions (None: it has none), in bytes."""

    table: str
    partitions: int | None
    size: float


@dataclass(frozen=True)
class Step:
    """A statement of the daily run, what it reads, and how many partitions it writes."""

    name: str
    kind: str
    readings: list[Reading]
    writes: str

    @property
    def read(self) -> float:
        return sum(reading.size for reading in self.readings)

    @property
    def billed(self) -> float:
        return sum(max(reading.size, LEAST_BILLED) for reading in self.readings)


class Warehouse:
    """Rows and widths, as they are in a DuckDB file that `make run` built."""

    def __init__(self, path: Path) -> None:
        self._connection = duckdb.connect(str(path), read_only=True)
        ask = self._connection.execute
        people = ask("select count(*) from marts.dim_users where is_current").fetchall()
        days = ask("select count(distinct cost_date) from marts.fct_cost_daily").fetchall()
        self.people: int = people[0][0]
        self.days: int = days[0][0]

    @property
    def as_of_date(self) -> date:
        """The day of the last run."""
        ask = self._connection.execute("select max(as_of_date) from intermediate.completed_runs")
        day: date = ask.fetchall()[0][0]
        return day

    def last_changed_days(self) -> list[date]:
        """The days that the last run rebuilt; the last four days, if it built everything."""
        changed = self._connection.execute(
            "select distinct changed_date from intermediate.int_changed_days order by 1"
        ).fetchall()
        return [day for (day,) in changed] or [
            self.as_of_date - timedelta(days=number) for number in (4, 3, 2, 1)
        ]

    @cache  # noqa: B019 - lives as long as the command
    def rows(self, table: str, day_column: str | None) -> tuple[int, int]:
        """Rows of a table, and on how many days they are."""
        days = f"count(distinct cast({day_column} as date))" if day_column else "0"
        ((rows, count),) = self._connection.execute(
            f"select count(*), {days} from {table}"
        ).fetchall()
        return rows, count

    @cache  # noqa: B019
    def width(self, table: str, column: str, kind: str) -> float:
        """Bytes of a column in a row, on BigQuery."""
        if kind != "STRING":
            return WIDTHS.get(kind, 8)
        ((width,),) = self._connection.execute(
            f"select coalesce(avg(2 + strlen({column})), 2) from {table}"
        ).fetchall()
        return float(width)


class Plan:
    """The steps of a daily run, for any company."""

    def __init__(self, nodes: list[Node], analysis: Analysis, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.types = analysis.google.tables
        self.resolved = analysis.resolved["incremental"]
        # The comparison with older tables is no part of it.
        self.nodes = [node for node in nodes if "/comparison/" not in node.path]
        self.tables = {node.table: node for node in self.nodes if node.kind not in QUESTIONS}
        self.views = views_of(self.nodes, self.resolved)

    def steps(self, company: Company, today: date) -> Iterator[Step]:
        """What each model, snapshot and test reads. Views read nothing until they are queried."""
        for node in self.nodes:
            if node.kind == "analysis":
                continue
            if node.name in self.resolved and node.table not in self.views:
                # dbt counts the rows that a test finds, and keeps those of some tests.
                is_counted = node.kind == "test" and not node.config.get("store_failures")
                resolved = self.resolved[node.name]
                found = reads(resolved, self.views.get, is_counted=is_counted)
                readings = [self._reading(*one, company, today) for one in _by_table(found)]
                yield Step(node.name, node.kind, readings, self._writes(node))

    def _writes(self, node: Node) -> str:
        if node.kind == "test":
            return ""
        if node.config.get("partition_by") and node.materialized == "incremental":
            return "the days"
        return "merges" if node.materialized == "incremental" or node.kind == "snapshot" else "all"

    def _reading(
        self, table: str, columns: set[str], days: dict[str, Days], company: Company, today: date
    ) -> Reading:
        node = self.tables[table]
        local = ".".join(table.split(".")[1:]).removeprefix("ai_spend_")
        partition = (node.config.get("partition_by") or {}).get("field")
        types = {name: type_name(kind) for name, kind in self.types[table].items()}
        width = sum(self.warehouse.width(local, name, types[name]) for name in columns) or 8
        rows, sample_days = self.warehouse.rows(local, partition)
        people = 1.0 if node.name in BY_DAY else company.people / self.warehouse.people
        if node.name in BY_RUN or node.name.endswith("__versions"):
            return Reading(node.name, None, width * rows * company.history / self.warehouse.days)
        if "directories" in node.config.get("meta", {}):
            # A row when a record comes, and two whenever it changes.
            rows_each = 1 + 2 * CHANGES_PER_YEAR * company.history / 365
            return Reading(node.name, None, width * rows * people * rows_each)
        if not partition:
            return Reading(node.name, None, width * rows * people)
        history = company.history
        if node.name in BEFORE_THE_FIRST_RUN:
            history = min(history, 365)
        is_monthly = node.config["partition_by"].get("granularity") == "month"
        partitions = _partitions(history, today, is_monthly=is_monthly)
        wanted = sum(day in days.get(partition, Days()) for day in partitions)
        if node.name == "extractions":
            # The sample landed all at once: a daily run only logs the days of its look-back.
            per_run = rows / self.warehouse.days * LOOK_BACK
            return Reading(node.name, wanted, width * per_run * wanted)
        if node.kind == "source" and 0 < sample_days < self.warehouse.days / 2:
            wanted = round(wanted * SNAPSHOTS_PER_DAY)
        return Reading(node.name, wanted, width * rows / max(sample_days, 1) * people * wanted)


def _by_table(found: list[Read]) -> Iterator[tuple[str, set[str], dict[str, Days]]]:
    """A statement reads a table once, however often it names it: all the columns, for all the days
    that any part of it needs."""
    columns: dict[str, set[str]] = defaultdict(set)
    days: dict[str, dict[str, Days]] = {}
    for read in found:
        columns[read.table] |= read.columns
        before = days.get(read.table)
        days[read.table] = (
            read.days
            if before is None
            else {name: before[name] | read.days[name] for name in before.keys() & read.days}
        )
    for table, names in columns.items():
        yield table, names, days[table]


def _partitions(history: int, today: date, *, is_monthly: bool) -> set[date]:
    """The days that are over, or the first days of their months."""
    days = {today - timedelta(days=number) for number in range(1, history + 1)}
    return {day.replace(day=1) for day in days} if is_monthly else days


def totals(steps: list[Step]) -> tuple[float, float]:
    """Bytes read, and bytes billed."""
    return sum(step.read for step in steps), sum(step.billed for step in steps)
