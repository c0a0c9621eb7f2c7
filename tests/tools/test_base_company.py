"""Cached results of the tests are never older than what they were made from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from foundation.settings import ROOT
from tests.bigquery import compiling
from tools import base_company

MACRO, SEED, MODEL = "macros/measures.sql", "seeds/platforms.csv", "models/marts/dim_platforms.sql"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what the results depend on, in a folder that is the project for the test."""
    names = ("dbt_project", "extract", "sandbox", "foundation", "pipeline", "bigquery_dev", "tools")
    for name in names:
        leftovers = shutil.ignore_patterns("target", "logs", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=leftovers)
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    monkeypatch.setattr(base_company, "ROOT", tmp_path)
    monkeypatch.setattr(base_company, "CACHE", tmp_path / "target" / "cache")
    return tmp_path


def edit(file: Path) -> None:
    file.write_text(file.read_text() + "\n")


@pytest.mark.parametrize(
    ("edited", "is_landed_again"),
    [
        (f"dbt_project/{MACRO}", False),
        (f"dbt_project/{SEED}", False),
        (f"dbt_project/{MODEL}", False),
        ("dbt_project/dbt_project.yml", False),
        ("sandbox/company.py", True),
        ("extract/landing.py", True),
        ("requirements.lock", True),
    ],
)
def test_an_edit_rebuilds_what_was_made_from_the_file(
    project: Path, monkeypatch: pytest.MonkeyPatch, edited: str, is_landed_again: bool
) -> None:
    made = []
    for name in ("_land", "_build"):
        monkeypatch.setattr(base_company, name, lambda _, name=name: made.append(name))
    base_company.landed(), base_company.built()
    base_company.landed(), base_company.built()
    assert made == ["_land", "_build"]
    edit(project / edited)
    base_company.landed(), base_company.built()
    assert made[2:] == ["_land", "_build"] if is_landed_again else ["_build"]


@pytest.mark.parametrize("edited", [MACRO, SEED])
def test_an_edit_is_read_by_dbt_again(
    project: Path, monkeypatch: pytest.MonkeyPatch, edited: str
) -> None:
    parsed = []
    monkeypatch.setattr(base_company.dbt, "parse", lambda *_: parsed.append(1))
    for _ in range(2):
        base_company.parsed()
    edit(project / "dbt_project" / edited)
    base_company.parsed()
    assert len(parsed) == 2


def test_other_days_of_a_fixture_compile_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What parity compares is compiled for the days of its fixtures."""
    done = []
    monkeypatch.setattr(compiling.dbt, "read_manifest", lambda _: None)
    monkeypatch.setattr(base_company, "parsed", lambda _: project)
    monkeypatch.setattr(compiling, "compile_project", lambda days, *_: done.append(days))
    for days in (["2026-05-01"], ["2026-05-01"], ["2026-05-02"]):
        compiling.folder("test", days, "2026-05-03")
    assert done == [["2026-05-01"], ["2026-05-02"]]


def test_unfinished_results_are_not_kept(project: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        base_company.kept("thing", "1", fail)
    folder = base_company.kept("thing", "1", lambda folder: (folder / "whole").touch())
    assert [file.name for file in folder.iterdir()] == ["whole"]
