"""What a run skips would come out the same: a build of what can have changed, compared with a full
build."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bigquery_dev.compiled import raw_columns
from bigquery_dev.googlesql import GoogleSql
from foundation.settings import Settings
from foundation.sources import source_named
from pipeline import changed_models
from pipeline import finished_builds as builds
from sandbox.server import running
from tests.marts.warehouse import MODELS_ONLY, Warehouse, rows_that_differ
from tools.base_company import COMPANY, TODAY, at, manifest

TOMORROW = TODAY + timedelta(days=1)


def settings_of(warehouse: Warehouse) -> Settings:
    return Settings(_env_file=None, duckdb_path=warehouse.path)


def names(wanted: set[str] | None, kind: str) -> set[str]:
    assert wanted is not None
    return {id_.split(".")[2] for id_ in wanted if id_.startswith(f"{kind}.")}


@pytest.fixture
def remembered(base: Warehouse, tmp_path: Path) -> Warehouse:
    """A copy of the base company whose build is remembered, with one test that warned."""
    warehouse = Warehouse.copy_of(base.path, tmp_path / "built")
    with at(TODAY):
        now = builds.state(settings_of(warehouse))
    builds.remember(settings_of(warehouse), now, ["models_are_known"])
    return warehouse


@pytest.mark.parametrize("day", [TODAY, TOMORROW], ids=["nothing is new", "a new day"])
def test_what_a_run_skips_would_come_out_the_same(remembered: Warehouse, day, tmp_path) -> None:
    with running(**COMPANY) as sandbox, at(day):
        sandbox.control({"today": str(day)})
        remembered.env.update(sandbox.env)
        remembered.extract()
        settings = settings_of(remembered)
        last, now = builds.last(settings), builds.state(settings)
    whole = Warehouse.copy_of(remembered.path, tmp_path / "whole")
    wanted = builds.what_to_build(manifest(), last, now)
    remembered.build(*MODELS_ONLY, *builds.selection(manifest(), wanted), as_of=day)
    whole.build(*MODELS_ONLY, as_of=day)
    assert rows_that_differ(remembered, whole) == {}

    built = names(wanted, "model")
    assert "fct_data_quality_daily" in built
    tested = names(wanted, "test")
    assert {"sources_are_fresh", "models_are_known"} <= tested
    if day == TODAY:
        assert built == {"fct_data_quality_daily", "rpt_alerts_gaps"}
        assert "cost_is_the_same_in_every_view" not in tested
    else:
        assert {"fct_cost_daily", "vw_executive_dashboard"} <= built
        assert "cost_is_the_same_in_every_view" in tested
        # A view whose SQL is the same.
        assert "stg_cursor__usage_events" not in built


def test_a_day_counts_once_it_is_over_though_nothing_was_landed_since(
    base: Warehouse, tmp_path: Path
) -> None:
    warehouse = Warehouse.copy_of(base.path, tmp_path / "built")
    # Google exports what was used on the day of the run.
    charge = {
        "sku": "Vertex AI: Claude tuning",
        "cost": "12.5",
        "day": str(TODAY),
        "exported_at": f"{TODAY}T09:00:00+00:00",
    }
    counted = f"""
        select sum(billed_cost_usd) from marts.fct_cost_daily
        where vendor = 'google' and cost_date = '{TODAY}'
    """
    with running(**COMPANY) as sandbox, at(TODAY):
        sandbox.control({"today": str(TODAY), "google_charge": charge})
        warehouse.env.update(sandbox.env)
        warehouse.extract()
        now = builds.state(settings_of(warehouse))
    warehouse.build(*MODELS_ONLY, as_of=TODAY)
    assert warehouse.rows(counted) == [(None,)]
    builds.remember(settings_of(warehouse), now, [])
    last = builds.last(settings_of(warehouse))
    with at(TOMORROW):
        wanted = builds.what_to_build(manifest(), last, builds.state(settings_of(warehouse)))
    warehouse.build(*MODELS_ONLY, *builds.selection(manifest(), wanted), as_of=TOMORROW)
    assert warehouse.rows(counted) == [(Decimal("12.5"),)]


def test_another_project_and_a_first_build_are_built_whole(remembered: Warehouse) -> None:
    last = builds.last(settings_of(remembered))
    assert last
    now = last.state
    assert builds.what_to_build(manifest(), None, now) is None
    other = builds.State("another", now.as_of_date, now.loads)
    assert builds.what_to_build(manifest(), last, other) is None


def test_a_renamed_file_is_built_whole(remembered: Warehouse) -> None:
    """Its views name the database that the file was."""
    renamed = remembered.path.rename(remembered.path.with_name("renamed.duckdb"))
    settings = settings_of(Warehouse(renamed))
    assert builds.what_to_build(manifest(), builds.last(settings), builds.state(settings)) is None


def test_a_build_that_began_invalidates_the_one_before(remembered: Warehouse) -> None:
    settings = settings_of(remembered)
    builds.forget(settings)
    assert builds.last(settings) is None


def test_an_edit_of_a_macro_a_seed_or_the_lock_is_another_project(tmp_path: Path) -> None:
    for name in ("dbt_project/macros/a.sql", "dbt_project/seeds/b.csv", "requirements.lock"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    hashes = {builds.project_hash(tmp_path)}
    for name in ("dbt_project/macros/a.sql", "dbt_project/seeds/b.csv", "requirements.lock"):
        (tmp_path / name).write_text("2")
        hashes.add(builds.project_hash(tmp_path))
    assert len(hashes) == 4
    (tmp_path / "dbt_project" / "target").mkdir()
    (tmp_path / "dbt_project" / "target" / "manifest.json").write_text("")
    assert builds.project_hash(tmp_path) in hashes


def test_every_model_that_depends_on_the_day_is_found(base: Warehouse) -> None:
    """On another day these are rebuilt, and everything below them."""
    reading = builds._using(manifest(), builds.READS_THE_DAY)
    written = {
        node.unique_id
        for node in manifest().nodes.values()
        if node.resource_type == "model" and "as_of_date()" in node.raw_code
    }
    assert written < reading, "some look at the day through another macro"
    assert "model.ai_spend.dim_models" not in reading


def test_the_queries_of_builds_are_valid_on_bigquery(monkeypatch: pytest.MonkeyPatch) -> None:
    google, asked = GoogleSql(), []
    google.add_table("acme_raw_cursor._dlt_loads", raw_columns("_dlt_loads", "raw_cursor"))
    google.add_table("acme_raw_cursor.extractions", raw_columns("extractions", "raw_cursor"))
    texts = dict.fromkeys(("project", "as_of_date", "loads", "unsettled"), "STRING")
    google.add_table("acme_intermediate.finished_builds", {**texts, "finished_at": "TIMESTAMP"})
    built = dict.fromkeys(("unique_id", "fingerprint"), "STRING")
    google.add_table("acme_intermediate.built_models", built)

    @contextmanager
    def warehouse(_settings: Settings, **_: bool) -> Iterator[Callable]:
        yield lambda sql: asked.append(sql) or [(2, "1.5")]

    monkeypatch.setattr(builds, "warehouse", warehouse)
    monkeypatch.setattr(changed_models, "warehouse", warehouse)
    monkeypatch.setattr(changed_models, "expiring", lambda *_: [])
    monkeypatch.setattr(builds, "SOURCES", [source_named("cursor")])
    settings = Settings(_env_file=None, target="bigquery", bigquery_dataset="acme")
    now = builds.state(settings)
    assert now.loads == {"raw_cursor": "2 1.5"}
    builds.remember(settings, now, ["a_test"])
    builds.forget(settings)
    with pytest.raises(ValueError, match="not enough values"):
        builds.last(settings)
    changed_models.outdated(settings, {"seed.a": "1"})
    changed_models.remember(settings, {"seed.a": "1", "seed.b": "2"})
    changed_models.forget(settings)
    assert len(asked) == 8
    for sql in asked:
        google.analyze(sql)


def test_a_view_parses_each_record_once(base: Warehouse) -> None:
    """DuckDB would parse a record for each path that a view asks for by itself."""
    views = base.rows("select view_name, sql from duckdb_views() where sql like '%payload%'")
    one_path = re.compile(r"json_extract_string\(payload, '(\$\.[^'*]*)'\)")
    several = {name: paths for name, sql in views if len(paths := set(one_path.findall(sql))) > 1}
    assert several == {}
    assert sum("list_value('$." in sql for _, sql in views) > 20
