"""A run replaces the days that it lists as changed: no other day may change.

A company is built as runs find it, one after the other; each run takes over only the days that its
lists name. What stands in the end must be what a build from scratch has, to the last digit. Runs
that end halfway count as well: the next run has to take back what they built.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bigquery.fixtures import Load, Window
from tests.marts import small_company as made
from tests.marts.small_company import AS_OF, Marts
from tests.marts.test_properties import property_settings
from tools import base_company

EARLIER = (dt.date(2024, 3, 1), dt.date(2024, 3, 4), dt.date(2024, 3, 5))
TABS = ("employees", "email_aliases", "api_key_mappings", "seat_plans", "seat_assignments")
LISTS = (
    "int_changed_windows",
    "int_changed_days",
    "stg_anthropic__changed_days",
    "stg_cursor__changed_days",
)
# A day keeps the names and purposes that keys and workspaces had when it was built.
KEEP_NAMES = ("vw_api_consumption",)
FACTS = {"marts.fct_cost_daily": "cost_date", "marts.fct_usage_daily": "usage_date"}
SNAPSHOT, RUNS = "snapshots.attribution_rules_snapshot", "intermediate.completed_runs"


@dataclass(frozen=True)
class Run:
    """What had landed, and the day of the run; one that is killed builds, and is not completed."""

    loads: list[Load]
    as_of: dt.date
    is_killed: bool = False


@dataclass(frozen=True)
class Replaced:
    """A model of which a run replaces days: those in a column of the list of changes."""

    table: str
    day_column: str
    changes: str
    period: str


class Warehouse:
    """What runs one after the other make of the models: `held` has each model as they leave it."""

    def __init__(self, marts: Marts, models: list[Replaced]) -> None:
        self.marts = marts
        self.models = models
        self.ask = marts.connection.execute
        self.number = 0
        self.ask("create schema if not exists snapshots")
        self.ask("create schema if not exists intermediate")
        self.ask(
            f"create or replace table {RUNS} (loads_through timestamp, rules_through timestamp,"
            " as_of_date date, completed_at timestamp)"
        )
        self.ask(f"drop table if exists {SNAPSHOT}")
        self.ask("drop schema if exists held cascade")
        self.ask("create schema held")

    def run(self, run: Run) -> None:
        self.number += 1
        moment = f"timestamp '2024-03-07 00:00:00' + interval {self.number} hour"
        on_day(self.marts, run.as_of).build(run.loads, "int_attribution_rules", "stg_windows")
        self._snapshot(moment)
        names = {model.table.split(".")[1] for model in self.models}
        changes = {model.changes for model in self.models}
        on_day(self.marts, run.as_of).build(run.loads, *names, *changes)
        for model in self.models:
            self._replace(model)
        for fact, day in FACTS.items():
            assert not self.ask(f"select * from {fact} where {day} >= '{run.as_of}'").fetchall()
        if not run.is_killed:
            self.ask(
                f"insert into {RUNS} select (select max(loaded_at) from staging.stg_windows),"
                f" (select max(greatest(dbt_valid_from, coalesce(dbt_valid_to, dbt_valid_from)))"
                f" from {SNAPSHOT}), date '{run.as_of}', {moment}"
            )

    def _snapshot(self, moment: str) -> None:
        rules = "intermediate.int_attribution_rules"
        self.ask(
            f"create table if not exists {SNAPSHOT} as select *,"
            " timestamp '1900-01-01' as dbt_valid_from, timestamp '1900-01-01' as dbt_valid_to"
            f" from {rules} limit 0"
        )
        self.ask(
            f"update {SNAPSHOT} set dbt_valid_to = {moment} where dbt_valid_to is null"
            f" and (rule_id, content_hash, valid_to) not in"
            f" (select (rule_id, content_hash, valid_to) from {rules})"
        )
        self.ask(
            f"insert into {SNAPSHOT} select *, {moment}, null from {rules} where rule_id not in"
            f" (select rule_id from {SNAPSHOT} where dbt_valid_to is null)"
        )

    def _replace(self, model: Replaced) -> None:
        held = "held." + model.table.split(".")[1]
        if self.number == 1:
            self.ask(f"create or replace table {held} as select * from {model.table}")
            return
        days = f"select date_trunc('{model.period}', changed_date) from {self._list(model)}"
        is_changed = f"{model.day_column} in ({days})"
        self.ask(f"delete from {held} where {is_changed}")
        self.ask(f"insert into {held} select * from {model.table} where {is_changed}")

    def _list(self, model: Replaced) -> str:
        (table,) = (name for name in self.marts.sql if name.endswith(f".{model.changes}"))
        return table

    def differences(self) -> Iterator[tuple[str, list]]:
        """Models that are not what the last run would build from scratch, and some of the rows."""
        for model in self.models:
            held = "held." + model.table.split(".")[1]
            rows = self.ask(
                f"select 'is' as side, * from (select * from {held} except all"
                f" select * from {model.table}) union all select 'should be', * from"
                f" (select * from {model.table} except all select * from {held}) limit 6"
            ).fetchall()
            if rows:
                yield model.table, rows


@cache
def _sql_on(sql: str, as_of: dt.date) -> str:
    return sql.replace(f"'{AS_OF}'", f"'{as_of}'")


def on_day(marts: Marts, as_of: dt.date) -> Marts:
    """The same models in the same database, as of another day."""
    other = copy(marts)
    other.sql = {name: _sql_on(sql, as_of) for name, sql in marts.sql.items()}
    other.built = {name for name in marts.built if name.startswith("seeds.")}
    return other


@pytest.fixture(scope="module")
def models() -> list[Replaced]:
    """Those that replace the days of a list, and no more; of vendors that small companies have."""
    found = []
    for node in base_company.manifest().nodes.values():
        meta = node.config.meta if node.resource_type == "model" else {}
        is_plain = not any(meta.get(kind) for kind in ("reach", "recent", "whole_months"))
        is_plain = is_plain and node.name not in KEEP_NAMES
        if meta.get("changes") in LISTS and meta.get("day_column") and is_plain:
            table = f"{node.schema}.{node.name}"
            found.append(Replaced(table, meta["day_column"], meta["changes"], meta["period"]))
    return found


@st.composite
def histories(draw: Callable) -> list[Run]:
    """Two to four runs, some of them killed, over sheets that may be put back as they were."""
    tabs = [{name: draw(made.TABS[name]) for name in TABS} for _ in range(2)]
    order = draw(st.sampled_from([(0, 1), (0, 1, 0), (0, 1, 1), (0, 0, 1, 0)]))
    days = sorted(draw(st.sampled_from(made.SNAPSHOTS)) for _ in order)
    sheets = [
        [Window(name, "sheets", day, rows) for name, rows in tabs[which].items() if rows]
        for which, day in zip(order, days, strict=True)
    ]
    anthropic, cursor = draw(made.anthropic_loads()), draw(made.cursor_loads())
    runs: list[Run] = []
    last = len(order) - 1
    as_ofs = sorted([*(draw(st.sampled_from((*EARLIER, AS_OF))) for _ in order[1:]), AS_OF])
    landed: list[Load] = []
    for number, as_of in enumerate(as_ofs):
        for source, loads in (
            ("anthropic", anthropic),
            ("cursor", cursor),
            ("google_sheets", sheets),
        ):
            # What is left over comes with the last run.
            for one in loads[number:] if number == last else loads[number : number + 1]:
                # A day keeps the name that a workspace had when it was built.
                windows = [
                    window
                    for window in one
                    if window.start < str(as_of)
                    and (window.resource != "workspaces" or number == 0)
                ]
                if windows:
                    landed.append(_load(len(landed), source, windows))
        is_killed = 0 < number < last and draw(st.booleans())
        runs.append(Run(list(landed), as_of, is_killed))
    return runs


def _load(number: int, source: str, windows: list[Window]) -> Load:
    moment = dt.datetime(2024, 3, 6, tzinfo=dt.UTC) + dt.timedelta(minutes=number)
    return Load(source, f"{moment.timestamp():.1f}", moment.isoformat(), windows)


@property_settings(10)
@given(history=histories())
def test_runs_make_what_a_build_from_scratch_makes(
    marts: Marts, models: list[Replaced], history: list[Run]
) -> None:
    warehouse = Warehouse(marts, models)
    for run in history:
        warehouse.run(run)
    assert dict(warehouse.differences()) == {}
