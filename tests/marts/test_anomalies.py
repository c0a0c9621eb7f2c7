"""A changed day changes what is usual on the eight weeks after it, so those are rebuilt too.

The facts are made up here, so that only the model itself is built.
"""

from __future__ import annotations

import random
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.marts.warehouse import Warehouse

AS_OF = date(2026, 6, 1)
FIRST = AS_OF - timedelta(days=200)
MODEL = "fct_cost_anomalies"
ONLY_IT = ("--select", MODEL, "--exclude-resource-type", "test", "unit_test")
PEOPLE = [f"{name}@example.com" for name in ("ann", "bo", "cy", "di", "ed", "flo", "gus", "hal")]
# A day that the vendor revises up, one that it empties, and how far a change reaches.
REVISED, EMPTIED = AS_OF - timedelta(days=100), AS_OF - timedelta(days=20)
REACH = timedelta(days=56)
TABLES = """
create schema marts;
create schema intermediate;
create table marts.fct_cost_daily (
    cost_date date, platform_code text, department text, user_email text, api_key_id text,
    model text, cost_type text, effective_cost_usd decimal(38, 18)
);
create schema seeds;
create table marts.dim_api_keys (api_key_id text, api_key_name text);
create table seeds.platforms (platform_code text, platform_name text);
create table intermediate.int_changed_days (changed_date date, reason text);
create table intermediate.completed_runs (
    loads_through timestamp, rules_through timestamp, as_of_date date, completed_at timestamp
);
insert into intermediate.completed_runs
values ('2026-06-01', '2026-06-01', '2026-06-01', '2026-06-01');
"""


def costs(day: date) -> list[tuple[Any, ...]]:
    """What a day cost: people who come and go, keys, and now and then far too much."""
    rng = random.Random(day.toordinal())
    rows = []
    for number, person in enumerate(PEOPLE):
        if rng.random() < (0.3 if day.weekday() >= 5 else 0.8):
            key = rng.choice(["unattributed", f"apikey_{number}", "apikey_shared"])
            amount = rng.lognormvariate(3, 1) * (20 if rng.random() < 0.01 else 1)
            who, department = (
                (person, f"Department {number % 3}") if number else ("unattributed", None)
            )
            rows.append(
                (day, f"platform_{number % 2}", department, who, key, "claude-x", "usage", amount)
            )
    return rows


def run(warehouse: Warehouse, as_of: date, changed: list[date], *arguments: str) -> None:
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("delete from intermediate.int_changed_days")
        for day in changed:
            values = [day, "the vendor reported it"]
            connection.execute("insert into intermediate.int_changed_days values (?, ?)", values)
    warehouse.build(*ONLY_IT, *arguments, as_of=as_of)


def add(warehouse: Warehouse, days: list[date]) -> None:
    rows = [row for day in days for row in costs(day)]
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.executemany(
            "insert into marts.fct_cost_daily values (?, ?, ?, ?, ?, ?, ?, ?)", rows
        )


def anomalies(warehouse: Warehouse, where: str = "true") -> list[tuple[Any, ...]]:
    return warehouse.rows(f"select * from marts.{MODEL} where {where} order by all")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    built = Warehouse(tmp_path_factory.mktemp("anomalies"), {})
    with duckdb.connect(str(built.path)) as connection:
        connection.execute(TABLES)
    add(built, [FIRST + timedelta(days=number) for number in range((AS_OF - FIRST).days)])
    run(built, AS_OF, [])
    return built


def test_what_runs_build_is_what_a_full_refresh_would_build(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    before = anomalies(warehouse)
    # A row that no build would produce shows which days were rewritten.
    untouched = REVISED + REACH + timedelta(days=1)
    with duckdb.connect(str(warehouse.path)) as connection:
        for day in (REVISED - timedelta(days=1), REVISED + REACH, untouched):
            connection.execute(
                f"insert into marts.{MODEL} select * replace (? as anomaly_date, 'mark' as scope)"
                f" from marts.{MODEL} limit 1",
                [day],
            )
        connection.execute(
            "update marts.fct_cost_daily set effective_cost_usd = effective_cost_usd * 30"
            " where cost_date = ?",
            [REVISED],
        )
        connection.execute("delete from marts.fct_cost_daily where cost_date = ?", [EMPTIED])
    add(warehouse, [AS_OF])
    run(warehouse, AS_OF + timedelta(days=1), [REVISED, EMPTIED, AS_OF])

    marked = warehouse.rows(f"select anomaly_date from marts.{MODEL} where scope = 'mark'")
    assert sorted(day for (day,) in marked) == [REVISED - timedelta(days=1), untouched]
    after = anomalies(warehouse, "scope != 'mark'")
    copy = Warehouse(tmp_path, {})
    shutil.copy(warehouse.path, copy.path)
    run(copy, AS_OF + timedelta(days=1), [], "--full-refresh")
    assert after == anomalies(copy)

    changed = {row[0] for row in set(before) ^ set(after)}
    assert {REVISED, REVISED + timedelta(days=7), EMPTIED} <= changed
    assert all(day - REVISED <= REACH or day >= EMPTIED for day in changed)


def test_a_run_without_changes_leaves_every_row(warehouse: Warehouse) -> None:
    before = anomalies(warehouse)
    run(warehouse, AS_OF + timedelta(days=1), [])
    assert anomalies(warehouse) == before
