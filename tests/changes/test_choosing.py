"""Which models of the branch are built, and which pairs of marts compared."""

import types
from pathlib import Path

import pytest

from changes import __main__ as command
from changes.building import Base, BuildError
from tests.changes.files import mart

BASE = Base(Path("kept"))


def manifest(macros=None, called=(), marts=(), models=()):
    """Stands for what dbt knows of a project."""
    return types.SimpleNamespace(
        changed_macros=lambda _after: macros or [],
        macros_of_models=lambda: set(called),
        marts={name: mart(name) for name in marts},
        models=list(models),
    )


def chosen(before, settings=(), monkeypatch=None):
    monkeypatch.setattr(command, "changed_settings", lambda _project: list(settings))
    return command._choose(BASE, before, manifest())


def test_it_is_what_dbt_says_was_modified(monkeypatch):
    before = manifest(macros=["ratio", "bigquery__ratio"], called=["ratio"])
    found = chosen(before, monkeypatch=monkeypatch)
    assert (found.reached, found.remarks) == (["state:modified+"], [])
    assert found.state == ["--state", str(Path("kept/target"))]


@pytest.mark.parametrize(
    ("settings", "macros", "why"),
    [
        (["dbt_project.yml"], [], "dbt_project.yml"),
        ([], ["query_comment"], "the macro query_comment"),
    ],
)
def test_it_is_everything_where_dbt_would_not_see_the_change(monkeypatch, settings, macros, why):
    found = chosen(manifest(macros=macros), settings, monkeypatch)
    assert found.reached == ["*"]
    assert found.remarks == [f"Everything was built again: {why} may affect any model."]


def test_marts_that_were_built_or_removed_are_compared():
    before, after = (
        manifest(marts=["built", "same", "gone"]),
        manifest(marts=["built", "same", "new"]),
    )
    built = {"model.ai_spend.built", "model.ai_spend.new"}
    pairs = command._marts(before, after, built)
    assert list(pairs) == ["built", "gone", "new"]
    assert pairs["gone"] == (mart("gone"), None)
    assert pairs["new"] == (None, mart("new"))


def test_an_unknown_model_comes_with_suggestions():
    models = manifest(models=["fct_cost_daily", "dim_users"])
    command._check_names(["dim_users"], models)
    with pytest.raises(BuildError, match=r"no model fct_cost_dayly\. fct_cost_daily\?"):
        command._check_names(["fct_cost_dayly"], models)
