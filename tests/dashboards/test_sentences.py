"""What an analyst reads who misspelled something: the line, and what to write instead."""

import json
import re

import pytest

from dashboards import definition
from dashboards.sentences import PATTERNS

PAGE = """\
name: Page
description: d
questions: [q]
filters:
  period:
    type: relative_date
    column: fct_cost_daily.cost_date
    default: past6months
rows:
  - charts:
      - name: A chart
        type: bar
        model: fct_cost_daily
        where: cost_type = 'overage'
        x: cost_date by month
        y: billed_cost_usd
"""


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("type: bar", "type: bars", 12, "there is no bars: did you mean bar"),
        ("type: bar", "type: histogram", 12, "known are area, bar, combo"),
        ("        type: bar\n", "", 11, "the chart has no type: it is one of scalar"),
        ("type: relative_date", "type: relative", 6, "did you mean relative_date"),
        ("    type: relative_date\n", "", 5, "the filter period has no type"),
        ("past6months", "past6month", 8, "past6month does not fit: did you mean past6months?"),
        ("past6months", "last 12 months", 8, "did you mean past12months?"),
        ("past6months", "2026-01-01", 8, "YAML reads 2026-01-01 as something else: put it in"),
        ("by month", "by mnth", 15, "there is no mnth: did you mean month?"),
        ("by month", "by hour", 15, "known are day, month, quarter, week, year"),
        ("= 'overage'", "= overage", 14, "a text is in single quotes: 'overage'"),
        ("A chart", "3", 11, "name is a text, and YAML reads 3 as something else"),
        ("x: cost_date by month", "x:", 15, "x is empty"),
        ("description: d", "description:", 2, "description is empty"),
        ("[q]", "q", 3, "questions is a list: write one item a line"),
        ("rows:", "  rows:", 9, "rows is indented as if it were a filter"),
        ("fct_cost_daily\n", "fct-cost\n", 13, "only lowercase letters"),
    ],
)
def test_a_wrong_value_is_named_with_the_right_spelling(read, before, after, line, said):
    assert before in PAGE
    (finding,) = read(PAGE.replace(before, after, 1))[1]
    assert finding.line == line
    assert said in finding.message


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("description: d", "description: a: b", 2, "a text that contains `: ` must be in quotes"),
        ("  - charts", "\t- charts", 10, "with spaces, not with tabs"),
        ("A chart", '"A chart', 11, "a quotation mark is opened here and never closed"),
        ("[q]", "[q", 3, "a bracket is opened here and never closed"),
        ("rows:", "rows", 9, "a key needs a colon"),
        ("A chart", "@chart", 11, "a text that begins with @ must be in quotes"),
        ("A chart", "*chart", 11, "a text that begins with * must be in quotes"),
        ("name: Page", "name: Page\nname: Page", 2, "the key name is there twice"),
        ("        type", "       type", 12, "begin in the same column"),
        ("A chart", "A\x07", 11, "a character here that YAML forbids"),
    ],
)
def test_what_is_not_yaml_is_named_where_it_begins(read, before, after, line, said):
    assert before in PAGE
    source, (finding,) = read(PAGE.replace(before, after, 1))
    assert source is None
    assert (finding.line, said in finding.message) == (line, True), finding


def test_every_pattern_of_the_format_has_its_sentence():
    schema = json.dumps(definition.Dashboard.model_json_schema())
    used = re.findall(r'"pattern": ("(?:[^"\\\\]|\\\\.)*")', schema)
    assert {json.loads(one) for one in used} == PATTERNS.keys()


def test_a_chart_with_a_mistake_is_the_only_thing_reported(read):
    """The filter that narrows nothing but this chart is right."""
    (finding,) = read(PAGE.replace("y: billed", "y: biled"))[1]
    assert "did you mean billed_cost_usd" in finding.message
