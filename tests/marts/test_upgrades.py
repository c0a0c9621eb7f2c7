"""A run can continue with a warehouse that an earlier version landed and built."""

from __future__ import annotations

import copy
import io
import logging
import os
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from foundation import dbt
from foundation.settings import Settings
from foundation.sources import SOURCES
from pipeline import changed_models
from tests.marts.warehouse import MODELS_ONLY, ROOT, Warehouse, rows_that_differ
from tools.base_company import manifest

# The last commit of 0.1.0, which runs with what this version installs.
RELEASE = "8a7d73b5a10486ca0a35305d68ec32d764480cc2"

OLDER = ("anthropic", "cursor", "google_sheets", "salesforce", "product_database")
WINDOWS = "select * from intermediate.int_windows order by all"


def test_directories_are_recognized_in_rows_from_before_the_column(
    base: Warehouse, tmp_path: Path
) -> None:
    before = base.rows(WINDOWS)
    old = Warehouse.copy_of(base.path, tmp_path / "old")
    with duckdb.connect(str(old.path)) as connection:
        # What was there before the column.
        for source in (one for one in SOURCES if one.name in OLDER):
            connection.execute(f"update {source.raw_schema}.extractions set is_directory = null")
        connection.execute("alter table staging.stg_windows drop column is_directory")
    old.build("--select", "stg_windows", "int_windows", *MODELS_ONLY)
    assert old.rows(WINDOWS) == before
    assert old.value("select count(*) from staging.stg_windows where is_directory is null") > 0


def run(folder: Path, warehouse: Warehouse) -> None:
    """`make run` of the version in a folder, on its sample company."""
    warehouse.folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "run"],
        cwd=folder,
        env=os.environ | {"DUCKDB_PATH": str(warehouse.path), "CI": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.nightly
def test_a_run_builds_what_a_release_built_as_if_there_had_been_none(tmp_path: Path) -> None:
    archive = subprocess.run(
        ["git", "archive", RELEASE], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode:
        pytest.skip(f"this clone does not have {RELEASE}: git fetch --unshallow")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(tmp_path / "release", filter="data")
    upgraded = Warehouse(tmp_path / "upgraded")
    run(tmp_path / "release", upgraded)
    run(ROOT, upgraded)
    clean = Warehouse.copy_of(upgraded.path, tmp_path / "clean")
    with duckdb.connect(str(clean.path)) as connection:
        for schema in ("staging", "intermediate", "marts", "legacy", "seeds", "snapshots"):
            connection.execute(f"drop schema {schema} cascade")
    clean.build(*MODELS_ONLY, as_of=datetime.now(UTC).date())
    # When a rule was first seen, and which runs there were.
    history = ("attribution_rules_snapshot", "run_log")
    assert rows_that_differ(upgraded, clean, without=history) == {}
    assert upgraded.value("select count(*) from marts.fct_cost_daily") > 0


# --- what another version built -------------------------------------------------------------------

SEED, FACT = "seed.ai_spend.attribution_methods", "model.ai_spend.fct_cost_versions"


def test_what_another_version_built_is_built_from_nothing(base: Warehouse, tmp_path: Path) -> None:
    """A seed of which a column is missing, and a fact with a row and a column too many."""
    old = Warehouse.copy_of(base.path, tmp_path / "old")
    settings = Settings(_env_file=None, duckdb_path=old.path)
    with duckdb.connect(str(old.path)) as connection:
        connection.execute("alter table seeds.attribution_methods drop column meaning")
        connection.execute(
            "insert into marts.fct_cost_versions from marts.fct_cost_versions limit 1"
        )
        connection.execute("alter table marts.fct_cost_versions add column older text")
    now = changed_models.fingerprints(manifest())
    changed_models.remember(settings, now | {SEED: "another", FACT: "another"})
    outdated = changed_models.outdated(settings, now)
    assert outdated == {SEED, FACT}
    changed_models.rebuild(manifest(), outdated)
    try:
        old.build("--select", "attribution_methods", "fct_cost_versions", *MODELS_ONLY)
    finally:
        changed_models.rebuild(manifest(), set())
    same = ("select * from seeds.attribution_methods order by all",)
    same += ("select * from marts.fct_cost_versions order by all",)
    assert [old.rows(sql) for sql in same] == [base.rows(sql) for sql in same]


def test_after_a_build_by_hand_nobody_knows_what_built_the_tables(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, duckdb_path=tmp_path / "w.duckdb")
    duckdb.connect(str(settings.duckdb_path)).execute("create schema intermediate")
    assert changed_models.outdated(settings, {SEED: "a"}) == {SEED}
    changed_models.remember(settings, {SEED: "a"})
    assert changed_models.outdated(settings, {SEED: "a"}) == set()
    changed_models.forget(settings)
    assert changed_models.outdated(settings, {SEED: "a"}) == {SEED}


def test_a_fingerprint_follows_all_that_rows_follow_from(monkeypatch: pytest.MonkeyPatch) -> None:
    project = copy.deepcopy(manifest())
    before = changed_models.fingerprints(project)
    assert {SEED, FACT} <= before.keys()
    assert "model.ai_spend.dim_users" not in before, "tables are built from nothing anyway"

    def changed() -> set[str]:
        now = changed_models.fingerprints(project)
        return {id_ for id_ in now if now[id_] != before[id_]}

    fact, view = project.nodes[FACT], project.nodes["model.ai_spend.stg_openai__cost_rows"]
    for node, name in ((fact, "description"), (view, "description")):
        monkeypatch.setattr(node, name, "other words")
    assert changed() == set()
    with monkeypatch.context() as patch:
        patch.setattr(fact, "raw_code", "select 1")
        assert FACT in changed()
        assert SEED not in changed()
    with monkeypatch.context() as patch:
        patch.setattr(view, "raw_code", "select 1")
        assert "model.ai_spend.int_costs" in changed(), "what is below a view"
        assert "model.ai_spend.int_cursor_cycle_spends" not in changed()
    with monkeypatch.context() as patch:
        patch.setattr(project.nodes[SEED].checksum, "checksum", "other rows")
        assert {SEED, "model.ai_spend.int_costs"} <= changed()
    with monkeypatch.context() as patch:
        patch.setattr(project.macros["macro.ai_spend.type_money"], "macro_sql", "other")
        assert "model.ai_spend.int_costs" in changed()
    with monkeypatch.context() as patch:
        patch.setattr(fact.columns["vendor"], "data_type", "other")
        assert FACT in changed()


def test_a_fingerprint_follows_the_vars_that_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = changed_models.fingerprints(manifest())
    text = (dbt.PROJECT / "dbt_project.yml").read_text()
    (tmp_path / "dbt_project.yml").write_text(
        text.replace("anomaly_jump_ratio: 3", "anomaly_jump_ratio: 4")
    )
    monkeypatch.setattr(dbt, "PROJECT", tmp_path)
    now = changed_models.fingerprints(manifest())
    changed = {id_ for id_ in now if now[id_] != before[id_]}
    assert "model.ai_spend.fct_cost_anomalies" in changed
    assert "model.ai_spend.fct_cost_daily" not in changed


def test_where_raw_data_expires_the_past_stays_and_a_warning_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(_env_file=None, duckdb_path=tmp_path / "w.duckdb")
    monkeypatch.setattr(changed_models, "expiring", lambda *_: ["acme_raw_cursor.usage_events"])
    with caplog.at_level(logging.WARNING):
        assert changed_models.outdated(settings, {SEED: "a", FACT: "a"}) == set()
    assert "2 models and seeds changed since they were built. Their past stays" in caplog.text
    assert "acme_raw_cursor.usage_events does not keep all that landed" in caplog.text
