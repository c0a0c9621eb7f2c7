"""What counts as a completed run, and what a run builds without one."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bigquery_dev.googlesql import GoogleSql, type_name
from tests.bigquery.engines import render
from tests.marts.warehouse import MODELS_ONLY, Warehouse
from tools.base_company import TODAY, manifest

RUNS = "intermediate.completed_runs"
# An incremental model whose parents are no other; a build of it takes a second.
MODEL, DAY = "fct_cost_versions", "window_date"
OLD = TODAY - timedelta(days=60)
MARKED = f"select count(*) from marts.{MODEL} where vendor = 'mark'"


@pytest.fixture
def warehouse(base: Warehouse, tmp_path: Path) -> Warehouse:
    return Warehouse.copy_of(base.path, tmp_path / "copy")


def do(warehouse: Warehouse, *statements: str) -> None:
    with duckdb.connect(str(warehouse.path)) as connection:
        for statement in statements:
            connection.execute(statement)


def results(**other: str) -> list[dict[str, Any]]:
    """dbt's status of each model at the end of a run: success, except for the `other`s."""
    return [
        {"status": other.get(node.name, "success"), "node": {"unique_id": id_}}
        for id_, node in manifest().nodes.items()
        if node.resource_type == "model" and other.get(node.name) != "left out"
    ]


@pytest.mark.parametrize(
    ("found", "is_completed"),
    [
        (results(), True),
        # A view whose SQL did not change, and a test that says that something is wrong.
        (results(int_windows="left out", stg_cursor__usage_events="left out"), True),
        ([*results(), {"status": "fail", "node": {"unique_id": "test.a"}}], True),
        (results(fct_cost_daily="error"), False),
        (results(int_identities="skipped"), False),
        (results(dau_all="left out"), False),
        (results(int_changed_identities="left out"), False),
        ([], False),
    ],
    ids=lambda value: "" if isinstance(value, list) else str(value),
)
def test_a_run_is_completed_when_it_built_all_incremental_models(
    found: list[dict[str, Any]], is_completed: bool, tmp_path: Path
) -> None:
    jinja = "select '{{ is_completed(var('results')) }}'"
    assert f"'{is_completed}'" in render("duckdb", jinja, tmp_path, {"results": found})


def test_a_build_of_all_models_is_completed_and_one_of_some_is_not(
    base: Warehouse, warehouse: Warehouse
) -> None:
    assert base.rows(f"select as_of_date, rules_through is not null from {RUNS}") == [(TODAY, True)]
    newest = "select max(loaded_at) from staging.stg_windows"
    assert base.value(f"select loads_through >= ({newest}) from {RUNS}")
    warehouse.build(*MODELS_ONLY, "--select", MODEL)
    assert warehouse.value(f"select count(*) from {RUNS}") == 1


def test_only_a_new_model_builds_its_whole_history(warehouse: Warehouse) -> None:
    row = f"select * replace ('mark' as vendor, date '{OLD}' as {DAY}) from marts.{MODEL} limit 1"
    mark = f"insert into marts.{MODEL} {row}"
    do(warehouse, mark)
    warehouse.build(*MODELS_ONLY, "--select", MODEL)
    assert warehouse.value(MARKED) == 1
    whole = warehouse.value(f"select count(*) from marts.{MODEL}") - 1
    do(warehouse, f"drop table marts.{MODEL}")
    warehouse.build(*MODELS_ONLY, "--select", MODEL)
    assert warehouse.value(f"select count(*) from marts.{MODEL}") == whole
    # If no run was completed, nobody knows what is in it.
    do(warehouse, mark, f"delete from {RUNS}")
    warehouse.build(*MODELS_ONLY, "--select", MODEL)
    assert warehouse.value(MARKED) == 0


def test_an_older_warehouse_starts_from_what_all_models_had_taken_in(tmp_path: Path) -> None:
    old = Warehouse(tmp_path)
    columns = "model_name text, loads_through timestamp, rules_through timestamp, as_of_date date"
    do(
        old,
        "create schema intermediate",
        f"create table intermediate.build_log ({columns}, built_at timestamp)",
        "insert into intermediate.build_log values"
        " ('a', '2026-01-01 06:00:00', '2026-01-01', '2026-01-01', '2026-01-01 07:00:00'),"
        " ('a', '2026-01-04 06:00:00', '2026-01-02', '2026-01-04', '2026-01-04 07:00:00'),"
        " ('b', '2026-01-03 06:00:00', '2026-01-03', '2026-01-03', '2026-01-03 07:00:00')",
    )
    copy = Warehouse.copy_of(old.path, tmp_path / "empty")
    do(copy, "delete from intermediate.build_log")
    for warehouse, expected in ((old, [("2026-01-03 06", "2026-01-02", "2026-01-03")]), (copy, [])):
        for _ in range(2):
            warehouse.build("--select", "platforms", command="seed")
        found = warehouse.rows(
            f"select strftime(loads_through, '%Y-%m-%d %H'), strftime(rules_through, '%Y-%m-%d'),"
            f" strftime(as_of_date, '%Y-%m-%d') from {RUNS}"
        )
        assert found == expected
        assert "build_log" not in {
            name for (name,) in warehouse.rows("select table_name from information_schema.tables")
        }


def test_a_build_tests_the_days_that_it_replaced_and_dbt_test_all_days(
    warehouse: Warehouse,
) -> None:
    row = f"select * replace (date '{OLD}' as {DAY}) from marts.{MODEL} order by all limit 1"
    do(warehouse, *[f"insert into marts.{MODEL} {row}"] * 2)
    built = ("--select", MODEL, "--exclude-resource-type", "unit_test")
    warehouse.build(*built)
    found = warehouse.build("--select", MODEL, command="test", succeeds=False)
    assert "unique_combination" in found
    before = f"date '{OLD - timedelta(days=1)}'"
    do(warehouse, f"insert into intermediate.int_changed_windows values ({before}, 'a reason')")
    assert "unique_combination" in warehouse.build(*built, succeeds=False)


def test_the_sql_of_the_hooks_is_valid_on_bigquery(tmp_path: Path) -> None:
    google, stamps = GoogleSql(), ("loads_through", "rules_through")
    runs = dict.fromkeys((*stamps, "completed_at"), "TIMESTAMP") | {"as_of_date": "DATE"}
    log = dict.fromkeys((*stamps, "built_at"), "TIMESTAMP") | {"as_of_date": "DATE"}
    rules = dict.fromkeys(("dbt_valid_from", "dbt_valid_to"), "TIMESTAMP")
    for table, columns in {
        "intermediate.completed_runs": runs,
        "intermediate.build_log": log | {"model_name": "STRING"},
        "staging.stg_windows": {"loaded_at": "TIMESTAMP"},
        "snapshots.attribution_rules_snapshot": rules,
    }.items():
        google.add_table(f"project.ai_spend_{table}", columns)
    jinja = "{{ mark_completed_run(var('results')) }} -- next --"
    jinja += "{{ first_run_after(relation_of_runs('build_log')) }}"
    marked, first = render("bigquery", jinja, tmp_path, {"results": results()}).split("-- next --")
    google.analyze(marked)
    assert {name: type_name(kind) for name, kind in google.types(first).items()} == runs


def test_the_days_that_a_test_looks_at_are_known_before_it_runs():
    models = {
        node.name: node for node in manifest().nodes.values() if node.resource_type.value == "model"
    }

    @cache
    def above(name: str) -> set[str]:
        parents = {one.rpartition(".")[2] for one in models[name].depends_on_nodes} & models.keys()
        return parents.union(*map(above, parents))

    tested = [node for node in models.values() if "built_with" in node.config.meta]
    # The list of changes of the table that is built with it must not be built from it.
    lists = {node.name: models[node.config.meta["built_with"]].config.meta for node in tested}
    late = {name: one["changes"] for name, one in lists.items() if name in above(one["changes"])}
    assert lists
    assert late == {}
