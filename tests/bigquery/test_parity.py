"""Every model gives the same rows on BigQuery as on DuckDB, by Google's reference engine.

The same raw tables are built by dbt on DuckDB, and run along the DAG on the reference engine: the
rows of each model are what its children read, in the types that Google's analyzer found.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bigquery_dev.check import SNAPSHOT
from bigquery_dev.compiled import QUESTIONS, SETTINGS, VARIABLES, Node, compiled
from bigquery_dev.googlesql import GoogleSql, GoogleSqlError, type_name
from foundation import dbt
from foundation.dbt import PROJECT
from tests.bigquery import compiling, fixtures
from tests.bigquery.engines import Table, differences, duckdb_table, on_bigquery, on_duckdb
from tests.marts.warehouse import MODELS_ONLY, Warehouse
from tools import base_company

AS_OF = date.fromisoformat(fixtures.AS_OF)
MODELS = sorted(path.stem for path in (PROJECT / "models").rglob("*.sql"))
SNAPSHOTS = sorted(path.stem for path in (PROJECT / "snapshots").glob("*.yml"))
# Models that the reference engine cannot run, with what it lacks.
NOT_RUNNABLE: dict[str, str] = {}
# Columns that cannot be the same, with why.
NOT_COMPARED = {
    "attribution_rules_snapshot": {
        "dbt_scd_id": "dbt hashes the time of the run as text, each adapter in its own way",
    },
    "comparison_older_rows": {
        "amount_text": "for a message; each engine writes a float in its own way",
    },
}
# What the project remembers of its runs: none was completed before the first.
RUN = {
    "run_id": "20240301-060000-ab12",
    "started_at": datetime.fromisoformat("2024-03-01 06:00:00"),
    "exit_code": 1,
    "build_seconds": Decimal("12.5"),
    "bytes_billed": 123_456_789_012,
}
RUNS: dict[str, list[dict[str, Any]]] = {"completed_runs": [], "run_log": [RUN]}
# What is built from the last completed run, and from the rules as they were then.
CHANGED_AGAIN = sorted(name for name in MODELS if "_changed_" in name)
RULES = "snapshots.attribution_rules_snapshot"
# An earlier run: it had read the loads of the first of March, and rules that have changed since.
EARLIER_RUN = f"""
update intermediate.completed_runs set
    loads_through = '2024-03-01 06:00:00',
    rules_through = '2024-03-01 06:10:00',
    as_of_date = '2024-03-01';
create temp table numbered as
select *, row_number() over (order by rule_type, subject, valid_from) as number from {RULES};
update numbered set
    dbt_valid_from = '2024-02-01 00:00:00', dbt_updated_at = '2024-02-01 00:00:00';
-- Some rules ended; of some of them there is a newer version, from another day or until another.
update numbered set dbt_valid_to = '2024-03-05 00:00:00' where number % 3 != 0;
insert into numbered by name
select * replace (
    '2024-03-05 00:00:00' as dbt_valid_from,
    null as dbt_valid_to,
    case when number % 3 = 1 then content_hash || 'x' else content_hash end as content_hash,
    case when number % 3 = 2 then least(valid_to, date '2024-03-02') else valid_to end as valid_to
)
from numbered where number % 3 != 0 and number % 5 != 0;
-- Some are new.
update numbered set dbt_valid_from = '2024-03-05 00:00:00' where number % 6 = 0;
create or replace table {RULES} as select * exclude number from numbered;
"""

# Older tables that make some mistakes: the views of the older design, changed. Of a float with more
# than 15 digits each engine writes others as text.
OLDER = """
create schema older;
create table older.dim_users as select user_sk, user_email, team from legacy.dim_users;
create table older.dim_platforms as
select platform_sk, platform_code, platform_subtype from legacy.dim_platforms;
create table older.fact_ai_costs as
select
    user_sk,
    platform_sk,
    cost_date,
    null::varchar as model,
    cost_type,
    round(case when cost_date = '2024-02-29' then 100 else 1 end * base_cost_usd, 6)
        as base_cost_usd,
    round(case when cost_date = '2024-03-04' then 1 else 0 end + overage_cost_usd, 6)
        as overage_cost_usd
from legacy.fact_ai_costs where cost_date != '2024-03-01';
create table older.fact_ai_usage as
select user_sk, platform_sk, date_sk, model, total_tokens
from legacy.fact_ai_usage where model is not null;
"""

DATASET = f"{SETTINGS['GOOGLE_CLOUD_PROJECT']}.{SETTINGS['BIGQUERY_DATASET']}_"


@dataclass
class Found:
    """What one engine found: every model after a first run, and those of changes after a later."""

    models: dict[str, Table] = field(default_factory=dict)
    changes: dict[str, Table] = field(default_factory=dict)


@dataclass
class OnDuckDb(Found):
    """`completed_runs` and `rules` are what the later run found of an earlier one."""

    completed_runs: Table | None = None
    rules: Table | None = None
    older: dict[str, list[dict]] = field(default_factory=dict)


@dataclass
class OnBigQuery(Found):
    """`incremental` is what each incremental model builds for some days; `refused` says why the
    engine could not run a model."""

    incremental: dict[str, Table] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[OnBigQuery, OnDuckDb]:
    duck = built_on_duckdb(tmp_path_factory.mktemp("parity"))
    project = compiled(compiling.folder("parity", fixtures.REBUILT, fixtures.AS_OF))
    return run_on_bigquery(project, duck), duck


def built_on_duckdb(folder: Path) -> OnDuckDb:
    warehouse, duck = Warehouse(folder), OnDuckDb()
    with duckdb.connect(str(warehouse.path)) as connection:
        for name, rows in fixtures.raw_tables().items():
            duckdb_table(connection, name, fixtures.columns_of(name), rows)
    warehouse.build(*MODELS_ONLY, "--full-refresh", as_of=AS_OF)
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        places = ", ".join("?" * len(RUN))
        insert = f"insert into intermediate.run_log ({', '.join(RUN)}) values ({places})"
        connection.execute(insert, list(RUN.values()))
        connection.execute(OLDER)
    compare(warehouse)
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for (name,) in connection.execute("show tables from older").fetchall():
            # All digits of a float, of which `on_duckdb` keeps those that engines share.
            table = connection.execute(f"select * from older.{name}").to_arrow_table()
            duck.older[name] = table.to_pylist()
        duck.models = {name: read(connection, name) for name in (*MODELS, *SNAPSHOTS)}
        connection.execute(EARLIER_RUN)
    warehouse.build(*MODELS_ONLY, "--select", *CHANGED_AGAIN, as_of=AS_OF)
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        duck.changes = {name: read(connection, name) for name in CHANGED_AGAIN}
        duck.completed_runs = read(connection, "completed_runs")
        duck.rules = read(connection, "attribution_rules_snapshot")
    return duck


def compare(warehouse: Warehouse) -> None:
    """Build what only the comparison with older tables builds."""
    manifest = dbt.read_manifest(base_company.parsed(with_comparison=True))
    command = ["run", "--select", "path:models/comparison", "--vars", json.dumps(VARIABLES)]
    folders = ["--target-path", str(warehouse.folder), "--log-path", str(warehouse.folder)]
    done = dbt.invoke(
        [*command, *folders], dbt.environment(dbt.on_duckdb(warehouse.path)), manifest
    )
    assert done.success, done.exception


def read(connection: duckdb.DuckDBPyConnection, name: str) -> Table:
    """The table of a model or snapshot, or one that dbt's hooks make."""
    table = relations().get(name, f"intermediate.{name}")
    return on_duckdb(connection, f"select * from {table}")


@cache
def relations() -> dict[str, str]:
    nodes = dbt.read_manifest(base_company.parsed(with_comparison=True)).nodes.values()
    return {node.name: f"{node.schema}.{node.alias}" for node in nodes}


def run_on_bigquery(project: dict[str, list[Node]], duck: OnDuckDb) -> OnBigQuery:
    """Run along the DAG, parents first; then each incremental model for some days; then changes."""
    engine, google = GoogleSql(), OnBigQuery()
    raw = fixtures.raw_tables()
    for node in project["full"]:
        google.nodes[node.name] = node
        if node.kind == "source" and "/comparison/" in node.path:
            rows = duck.older[node.table.rpartition(".")[2]]
            engine.add_table(node.table, node.columns, rows)
        elif node.kind == "source":
            is_raw = node.name not in RUNS
            rows = raw[node.table.removeprefix(DATASET)] if is_raw else RUNS[node.name]
            engine.add_table(node.table, node.columns, rows)
        elif node.kind == "seed":
            engine.add_table(node.table, node.columns, seed(node))
        elif node.kind not in QUESTIONS:
            google.models[node.name] = run(engine, node, google, duck.models[node.name])
    for node in project["incremental"]:
        if node.materialized == "incremental":
            expected = duck.models[node.name]
            google.incremental[node.name] = run(engine, node, google, expected, is_kept=False)
    earlier = {
        "completed_runs": duck.completed_runs,
        "attribution_rules_snapshot": duck.rules,
    }
    for name, table in earlier.items():
        known = engine.tables[google.nodes[name].table]
        columns = {column: type_name(kind) for column, kind in known.items()}
        engine.add_table(google.nodes[name].table, columns, table.dicts())
    for node in project["full"]:
        if node.name in CHANGED_AGAIN:
            google.changes[node.name] = run(engine, node, google, duck.changes[node.name])
    return google


def run(
    engine: GoogleSql, node: Node, google: OnBigQuery, expected: Table, *, is_kept: bool = True
) -> Table:
    """The rows of a model, which its children read if they are kept. For a model that the engine
    cannot run they are those expected."""
    known = engine.tables.get(node.table) or engine.types(node.sql)
    columns = {column: type_name(kind) for column, kind in known.items()}
    try:
        table = on_bigquery(engine, node.sql, columns)
    except GoogleSqlError as error:
        google.refused[node.name] = error.message
        table = expected
    if node.kind == "snapshot":
        columns |= SNAPSHOT
        table = table if table is expected else first_snapshot(table, expected)
    if is_kept:
        engine.add_table(node.table, columns, table.dicts())
    return table


def first_snapshot(rows: Table, on_duck: Table) -> Table:
    """What the first run of a snapshot keeps: all rows, valid since that run."""
    (moment,) = {row["dbt_valid_from"] for row in on_duck.dicts()}
    added = {"dbt_scd_id": None, "dbt_updated_at": moment, "dbt_valid_from": moment}
    added |= {"dbt_valid_to": None}
    kinds = rows.kinds | {name: on_duck.kinds[name] for name in added}
    return Table(kinds, [(*row, *added.values()) for row in rows.rows])


def seed(node: Node) -> list[dict]:
    """The rows of a seed, for which dbt reads an empty cell as null."""
    with (PROJECT / node.path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    cells = {"true": True, "false": False, "": None}
    return [{name: cells.get(cell, cell) for name, cell in row.items()} for row in rows]


@pytest.mark.parametrize("name", [*MODELS, *SNAPSHOTS])
def test_a_model_has_the_same_rows_on_both_engines(name, both):
    google, duck = both
    not_compared = NOT_COMPARED.get(name, {})
    columns = [column for column in duck.models[name].kinds if column not in not_compared]
    assert duck.models[name].rows or name in CHANGED_AGAIN
    lines = differences(google.models[name].only(columns), duck.models[name].only(columns))
    different_parents = [
        parent
        for parent in google.nodes[name].parents
        if parent in MODELS and differences(google.models[parent], duck.models[parent])
    ]
    assert not lines, f"parents that differ: {different_parents or 'none'}\n" + "\n".join(lines)


def test_an_incremental_model_builds_for_its_days_what_a_full_build_has(both):
    google, duck = both
    different = {}
    for name, built in google.incremental.items():
        config, full = google.nodes[name].config, duck.models[name]
        if day_column := config["meta"].get("day_column"):
            built_days = built_again(config["meta"])
            expected = Table(
                full.kinds,
                [
                    row
                    for row, values in zip(full.rows, full.dicts(), strict=True)
                    if values[day_column] in built_days
                ],
            )
        else:
            keys, expected = config["unique_key"], full
            built = merged(google.models[name], built, [keys] if isinstance(keys, str) else keys)
        assert google.incremental[name].rows, name
        if lines := differences(built, expected):
            different[name] = lines
    assert google.incremental
    assert not different


def built_again(meta: dict[str, Any]) -> set[str]:
    """The days that changed, the first days of their months, or also the days that they affect and
    those that every run builds."""
    if meta.get("period") == "month":
        return {f"{day[:7]}-01" for day in fixtures.REBUILT}
    days = [date.fromisoformat(day) for day in fixtures.REBUILT]
    if meta.get("whole_months"):
        firsts = {day.replace(day=1) for day in days}
        days = [first + timedelta(days=number) for first in firsts for number in range(31)]
        return {str(day) for day in days if day.replace(day=1) in firsts}
    reach = range(meta.get("reach", 0) + 1)
    recent = range(1, meta.get("recent", 0) + 1)
    return {str(day + timedelta(days=number)) for day in days for number in reach} | {
        str(AS_OF - timedelta(days=number)) for number in recent
    }


def merged(table: Table, newer: Table, keys: list[str]) -> Table:
    """What dbt's merge makes of a table."""
    newer_keys = set(newer.only(keys).rows)
    pairs = zip(table.rows, table.only(keys).rows, strict=True)
    kept = [row for row, key in pairs if key not in newer_keys]
    return Table(newer.kinds, kept + newer.rows)


@pytest.mark.parametrize("name", CHANGED_AGAIN)
def test_a_later_run_finds_the_same_changes_on_both_engines(name, both):
    google, duck = both
    assert duck.changes[name].rows
    lines = differences(google.changes[name], duck.changes[name])
    assert not lines, "\n".join(lines)


def test_the_reference_engine_runs_every_model_except_those_listed(both):
    google, _ = both
    unlisted = {name: why for name, why in google.refused.items() if name not in NOT_RUNNABLE}
    assert not unlisted
    assert google.refused.keys() == NOT_RUNNABLE.keys(), "some that are listed do run"


def test_every_model_of_the_project_was_compared(both):
    google, duck = both
    kinds = ("model", "snapshot")
    nodes = {node.name for node in google.nodes.values() if node.kind in kinds}
    assert nodes == set(MODELS) | set(SNAPSHOTS) == google.models.keys() == duck.models.keys()
