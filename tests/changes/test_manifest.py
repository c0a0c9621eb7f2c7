"""What is read from dbt's manifest."""

import json

import pytest

from changes.manifest import Manifest


def model(name, schema="marts", **more):
    node = {
        "resource_type": "model",
        "unique_id": f"model.ai_spend.{name}",
        "name": name,
        "alias": name,
        "schema": schema,
        "columns": {"day": {"data_type": "date"}, "id": {"data_type": "string"}},
        "config": {"meta": {}, "contract": {"enforced": True}},
        "unrendered_config": {},
        "checksum": {"checksum": "1"},
        "depends_on": {"macros": []},
    }
    return node | more


def unique(name, of, where=None, **kwargs):
    return {
        "resource_type": "test",
        "test_metadata": {"name": name, "kwargs": kwargs},
        "attached_node": f"model.ai_spend.{of}",
        "config": {"where": where},
    }


def macro(name, sql="1", calls=(), package="ai_spend"):
    return {
        "name": name,
        "package_name": package,
        "macro_sql": sql,
        "depends_on": {"macros": [f"macro.ai_spend.{called}" for called in calls]},
    }


@pytest.fixture
def manifest(tmp_path):
    """A function that makes a manifest of nodes, macros and exposures."""

    def make(nodes=(), macros=(), exposures=()):
        path = tmp_path / "manifest.json"
        parts = {
            "nodes": {str(number): node for number, node in enumerate(nodes)},
            "macros": {f"macro.ai_spend.{one['name']}": one for one in macros},
            "exposures": {one["name"]: one for one in exposures},
        }
        path.write_text(json.dumps(parts))
        return Manifest(path)

    return make


def test_marts_are_the_models_of_the_schema_with_key_day_and_contract(manifest):
    loose = {"meta": {"day_column": "day"}, "contract": {"enforced": False}}
    marts = manifest(
        [
            model("a"),
            model("b", config=loose),
            model("staged", schema="staging"),
            unique("unique_combination", "a", columns=["day", "id"]),
            unique("unique", "a", column_name="hash"),
            unique("unique", "b", where="id is not null", column_name="id"),
            unique("never_null", "b", columns=["id"]),
        ]
    ).marts
    assert marts.keys() == {"a", "b"}
    assert marts["a"].key == ("hash",)
    assert marts["a"].contract == {"day": "date", "id": "string"}
    # A test of some of the rows is no key of all.
    assert (marts["b"].key, marts["b"].day_column, marts["b"].contract) == ((), "day", None)


def test_a_model_changed_if_its_text_its_settings_or_its_types_did(manifest):
    names = ("same", "text", "settings", "types", "gone")
    before = manifest([model(name) for name in names])
    after = manifest(
        [
            model("same", path="elsewhere"),
            model("text", checksum={"checksum": "2"}),
            model("settings", unrendered_config={"materialized": "view"}),
            model("types", columns={"day": {"data_type": "date"}}),
            model("new"),
        ]
    )
    assert before.changed_models(after) == ["gone", "new", "settings", "text", "types"]


def test_a_macro_changed_if_its_text_did_and_is_ours(manifest):
    before = manifest(macros=[macro("same"), macro("text"), macro("dbts", package="dbt")])
    after = manifest(macros=[macro("same"), macro("text", "2"), macro("dbts", "2", package="dbt")])
    assert before.changed_macros(after) == ["text"]


def test_macros_are_called_through_others(manifest):
    called = {"depends_on": {"macros": ["macro.ai_spend.outer"]}}
    found = manifest(
        [model("a", **called)], [macro("outer", calls=["inner"]), macro("inner"), macro("by_dbt")]
    )
    assert found.macros_of_models() == {"outer", "inner"}


def test_dashboards_are_those_that_read_a_model(manifest):
    def exposure(name, *models):
        nodes = [f"model.ai_spend.{one}" for one in models]
        return {"name": name, "label": name.title(), "depends_on": {"nodes": nodes}}

    found = manifest(exposures=[exposure("finance", "a", "b"), exposure("other", "c")])
    assert found.dashboards_of({"model.ai_spend.b"}) == ["Finance"]
