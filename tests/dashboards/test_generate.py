"""What is made from the definitions: dbt's exposures and the schema for editors."""

import json
from textwrap import dedent

import jsonschema
import pytest
from ruamel.yaml import YAML

from dashboards import exposures
from dashboards.definition import Dashboard
from dashboards.loading import DEFINITIONS
from dashboards.schema import schema_json
from tests.dashboards.deploying import ALL_TYPES, PAGE


@pytest.fixture(scope="module")
def schema():
    return jsonschema.Draft202012Validator(json.loads(schema_json()))


def test_the_exposure_of_a_dashboard_depends_on_the_marts_that_it_reads(deploy):
    deploy.write()
    (exposure,) = YAML(typ="safe").load(
        exposures.exposures_yml([source.dashboard for source in deploy.sources()])
    )["exposures"]
    assert exposure["name"] == "page"
    assert exposure["type"] == "dashboard"
    assert exposure["depends_on"] == ["ref('fct_cost_daily')"]
    assert exposure["owner"]["name"]
    assert "What does it cost?" in exposure["description"]


def test_exposures_do_not_depend_on_the_order_of_the_files(deploy):
    deploy.write()
    deploy.write(PAGE, "another")
    dashboards = [source.dashboard for source in deploy.sources()]
    assert exposures.exposures_yml(dashboards) == exposures.exposures_yml(dashboards[::-1])


def test_a_file_that_does_not_match_the_definitions_is_a_finding(deploy, tmp_path, monkeypatch):
    deploy.write()
    dashboards = [source.dashboard for source in deploy.sources()]
    for name in ("EXPOSURES", "SCHEMA"):
        monkeypatch.setattr(exposures, name, tmp_path / name)
    assert len(exposures.stale(dashboards)) == 2
    assert len(exposures.generate(dashboards)) == 2
    assert exposures.stale(dashboards) == []
    assert exposures.generate(dashboards) == []
    deploy.change("name: Page", "name: Better")
    changed = [source.dashboard for source in deploy.sources()]
    (finding,) = exposures.stale(changed)
    assert "python -m dashboards generate" in finding.message


def test_the_schema_accepts_every_definition(schema):
    for file in [ALL_TYPES, *DEFINITIONS.glob("*.yml")]:
        assert list(schema.iter_errors(YAML(typ="safe").load(file))) == []


CHART = "{name: Cost, type: bar, model: fct_cost_daily, x: cost_date, y: list_cost_usd}"


@pytest.mark.parametrize(
    ("chart", "is_right"),
    [
        (CHART, True),
        (CHART.replace("y: list_cost_usd", "y: [list_cost_usd, {value: sum(x), label: X}]"), True),
        (CHART.replace("x: cost_date", "x: {value: cost_date, grain: month}"), True),
        (CHART.replace("x: cost_date", "x: {value: cost_date, grane: month}"), False),
        (CHART.replace("x: cost_date", "x: 3"), False),
        (CHART.replace("name:", "nam:"), False),
        (CHART.replace("bar", "bars"), False),
        (CHART.replace("y: list_cost_usd", "y: 4"), False),
    ],
)
def test_the_schema_agrees_with_the_models(schema, chart, is_right):
    page = YAML(typ="safe").load(
        dedent(f"""
        name: Page
        description: A.
        questions: [Q]
        rows:
          - charts: [{chart}]
        """)
    )
    try:
        Dashboard.model_validate(page)
        accepted = True
    except ValueError:
        accepted = False
    assert accepted is is_right
    assert (list(schema.iter_errors(page)) == []) is is_right
