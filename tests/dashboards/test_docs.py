"""What docs/dashboards.md promises is true."""

import re
from datetime import date
from typing import get_args

import pytest

from dashboards import definition
from dashboards.check import check, sql_of
from foundation.settings import ROOT, load_settings

PAGE = (ROOT / "docs" / "dashboards.md").read_text()


@pytest.fixture
def example(read):
    (text,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    source, found = read(text)
    assert found == []
    return source


def test_the_example_passes_the_check(example, catalog):
    assert check(load_settings(), catalog, [example]) == []
    assert len(example.dashboard.charts) == 3


def test_the_examples_filters_narrow_all_of_its_charts(example):
    for chart in example.dashboard.charts:
        assert {wire.filter for wire in chart.wires} == {"period", "department"}
        sql = sql_of(example.dashboard, chart, date(2026, 11, 21))
        assert "2026-05-01" in sql
        assert "2026-11-30" in sql


def test_the_example_of_a_query_is_right(read, catalog):
    (text,) = re.findall(r"^```\n(sql: .*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    chart = "\n".join(f"        {line}" for line in text.splitlines())
    head = "name: P\ndescription: d\nquestions: [q]\nrows:\n  - charts:\n      - name: A\n"
    source, found = read(f"{head}        type: bar\n{chart}\n")
    assert found == []
    assert check(load_settings(), catalog, [source]) == []


def test_every_type_and_format_is_described():
    charts, filters = (
        get_args(get_args(one)[0]) for one in (definition.AnyChart, definition.AnyFilter)
    )
    for model in (*charts, *filters):
        (name,) = get_args(model.model_fields["type"].annotation)
        assert f"`{name}`" in PAGE
        for key in model.model_fields.keys() - {"name", "type", "label"}:
            assert f"`{key}" in PAGE, f"{name}: {key}"
    for name in get_args(definition.Format):
        assert f"`{name}`" in PAGE
