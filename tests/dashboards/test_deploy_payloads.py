"""What is sent to Metabase, and that two ways of writing the same compare as equal."""

import copy
import json

import pytest

from bigquery_dev.googlesql import GoogleSql
from dashboards.colors import MEANINGS, value_colors
from dashboards.deploy import bindings, normal, payloads
from dashboards.deploy.bindings import Warehouse
from dashboards.deploy.errors import PayloadError
from dashboards.deploy.payloads import entity_id
from dashboards.loading import load, load_file
from tests.dashboards.deploying import ALL_TYPES


class _Fields(dict):
    """Every column has an id."""

    def __missing__(self, place):
        return 1000 + sum(map(ord, "".join(place)))


@pytest.fixture
def built(read):
    """The payloads of a dashboard, and what Metabase cannot show of it."""

    def build(rows: str, *, dialect="duckdb", filters: str = "{}"):
        text = "name: Page\ndescription: A.\nquestions: [Q?]\n"
        text += f"filters: {filters}\nrows:\n  - charts:\n"
        text += "".join(f"      {line}\n" for line in rows.strip().splitlines())
        source, findings = read(text)
        assert findings == []
        schema = "marts" if dialect == "duckdb" else "ai_marts"
        return payloads.build(source.dashboard, Warehouse(2, dialect, schema, _Fields()))

    return build


SCALAR = "- {name: Cost, type: scalar, model: fct_cost_daily, y: effective_cost_usd}"
PERIOD = "{period: {type: relative_date, column: fct_cost_daily.cost_date}}"


def card_of(board, key="page.cost"):
    card = next(card for card in board.cards if card.key == key)
    return card.with_ids(1, 99)


def settings_of(board, key="page.cost"):
    return card_of(board, key)["visualization_settings"]


def test_an_entity_id_is_a_nano_id_that_depends_on_the_key_only():
    ids = {entity_id(f"page.chart_{number}") for number in range(2000)}
    assert len(ids) == 2000
    assert all(len(one) == 21 and one[0] != "-" for one in ids)
    # Another one would make every card a second time.
    assert entity_id("page.cost") == "a28ed3hSTki3BS69QdNDU"


@pytest.mark.parametrize(
    ("parameter", "tag", "fits"),
    [
        ("date/range", {"type": "date"}, False),
        ("date/relative", {"type": "date"}, False),
        ("date/single", {"type": "date"}, True),
        ("date/range", {"type": "dimension", "widget-type": "date/all-options"}, True),
        ("date/relative", {"type": "dimension", "widget-type": "date/range"}, False),
        ("number/between", {"type": "number"}, False),
        ("number/=", {"type": "number"}, True),
        ("string/=", {"type": "text"}, True),
        ("string/=", {"type": "dimension", "widget-type": "string/contains"}, False),
    ],
)
def test_a_parameter_only_sets_tags_that_fit_it(parameter, tag, fits):
    if fits:
        bindings.check_binding(parameter, tag, "period")
    else:
        with pytest.raises(PayloadError, match=f"the filter period is {parameter} in Metabase"):
            bindings.check_binding(parameter, tag, "period")


def test_every_binding_of_a_board_is_checked(built, monkeypatch):
    monkeypatch.setitem(bindings.ALLOWED, "date/relative", frozenset({"date/all-options"}))
    _, wrong = built(SCALAR, filters=PERIOD)
    assert "cannot set a tag that is date/relative" in wrong[0].message


def test_a_static_filter_that_a_query_uses_is_a_required_tag_with_its_default(built):
    board, wrong = built(
        '- {name: Cost, type: scalar, y: n, sql: "select count(*) as n from '
        "{{ ref('dim_dates') }} where date_day > {{ variable('since') }}\"}",
        filters="{since: {type: date, default: '2026-01-01'}}",
    )
    assert wrong == []
    (tag,) = card_of(board)["dataset_query"]["stages"][0]["template-tags"].values()
    assert tag["required"] is True
    assert tag["default"] == "2026-01-01"
    assert tag["type"] == "date"
    (mapping,) = board.places[1].mappings
    assert mapping["target"] == ["variable", ["template-tag", "since"]]


def test_codes_become_names_in_the_answer_and_stay_codes_in_conditions(built):
    bar = "- {name: Cost, type: bar, model: fct_cost_daily, x: platform_code, y: list_cost_usd}"
    board, _ = built(bar, filters="{platform: {type: dropdown, column: fct_cost_daily.vendor}}")
    native = card_of(board)["dataset_query"]["stages"][0]["native"]
    assert "WHEN platform_code = 'claude_ai' THEN 'Claude.ai'" in " ".join(native.split())
    (parameter,) = board.payload["parameters"]
    assert ["openai", "OpenAI"] in parameter["values_source_config"]["values"]


def test_codes_that_a_case_answers_become_names_too(built):
    board, _ = built(
        "- {name: Cost, type: bar, model: fct_cost_daily, y: list_cost_usd, x: {label: Platform, "
        "value: \"case when is_attributed then platform_code else 'cursor' end\"}}"
    )
    native = " ".join(card_of(board)["dataset_query"]["stages"][0]["native"].split())
    assert "WHEN is_attributed THEN CASE WHEN platform_code = " in native
    assert "WHEN platform_code = 'claude_ai' THEN 'Claude.ai'" in native
    assert "ELSE platform_code END ELSE 'Cursor' END" in native


def test_a_highlighted_code_is_highlighted_by_its_name(built):
    board, _ = built(
        "- {name: Cost, type: table, model: fct_cost_reconciliation, columns:"
        " [{value: reconciliation_status, highlight: {disputed: bad}}]}"
    )
    (rule,) = settings_of(board)["table.column_formatting"]
    assert rule["value"] == "Disputed"


def test_bigquery_gets_names_in_one_pair_of_backticks(built):
    vendor = "{vendor: {type: text, column: fct_cost_daily.vendor}}"
    board, _ = built(SCALAR, dialect="bigquery", filters=vendor)
    sql = card_of(board)["dataset_query"]["stages"][0]["native"]
    assert "FROM `ai_marts.fct_cost_daily`" in sql
    assert "[[and `ai_marts.fct_cost_daily`.`vendor` = {{vendor}}]]" in sql


def test_raw_settings_come_last_and_leave_the_others(built):
    board, _ = built(
        SCALAR.replace(
            "}", ', metabase: {scalar.field: other, column_settings: {\'["name","x"]\': {a: 1}}}}'
        )
    )
    settings = settings_of(board)
    assert settings["scalar.field"] == "other"
    assert set(settings["column_settings"]) == {
        '["name","effective_cost_usd"]', '["name","x"]',
    }  # fmt: skip


def test_a_number_with_a_trend_compares_with_the_period_before(built):
    board, _ = built(SCALAR.replace("y:", "more_is: bad, x: cost_date by month, y:"))
    assert card_of(board)["display"] == "smartscalar"
    assert settings_of(board)["scalar.comparisons"] == [{"id": "1", "type": "previousPeriod"}]
    assert settings_of(board)["scalar.switch_positive_negative"] is True


@pytest.mark.parametrize(
    ("format_", "shown"),
    [
        ("usd", {"number_style": "currency", "currency": "USD"}),
        ("percent", {"number_style": "percent"}),
        ("percent100", {"number_style": "decimal", "suffix": " %"}),
        ("count", {"decimals": 0}),
    ],
)
def test_formats_are_column_settings(built, format_, shown):
    board, _ = built(
        SCALAR.replace("effective_cost_usd", f"{{value: sum(list_cost_usd), format: {format_}}}")
    )
    (column,) = settings_of(board)["column_settings"].values()
    assert shown.items() <= column.items()


def test_stacks_goals_segments_and_axes_become_metabases_settings(built):
    board, _ = built(
        """
- {name: Area, type: area, model: fct_cost_daily, x: cost_date by month, y: list_cost_usd,
   stack: percent}
- {name: Line, type: line, model: fct_cost_daily, x: cost_date by month, y: list_cost_usd, goal: 5}
- name: Gauge
  type: gauge
  model: fct_cost_daily
  y: list_cost_usd
  start: 1
  segments: [{to: 5, color: bad, label: low}, {to: 9, color: good}]
"""
    )
    assert settings_of(board, "page.area")["stackable.stack_type"] == "normalized"
    assert settings_of(board, "page.line")["graph.goal_value"] == 5
    assert settings_of(board, "page.gauge")["gauge.segments"] == [
        {"min": 1, "max": 5, "color": "#ED6E6E", "label": "low"},
        {"min": 5, "max": 9, "color": "#84BB4C", "label": ""},
    ]


def test_platforms_and_statuses_have_the_same_colors_as_in_the_preview(built):
    board, _ = built(
        """
- {name: Bar, type: bar, model: fct_cost_daily, x: cost_date by month, series: platform_code,
   y: list_cost_usd}
- {name: Pie, type: pie, model: metric_costs, x: vendor_name, y: effective_cost_usd}
- {name: Status, type: bar, model: fct_cost_reconciliation, x: month by month,
   series: reconciliation_status, y: marts_usd}
"""
    )
    colors = value_colors()
    platforms = settings_of(board, "page.bar")["series_settings"]
    assert platforms["Claude.ai"] == {"color": colors["Claude.ai"].light}
    assert settings_of(board, "page.pie")["pie.colors"]["OpenAI"] == colors["OpenAI"].light
    statuses = settings_of(board, "page.status")["series_settings"]
    assert statuses["Disputed"] == {"color": MEANINGS["bad"].light}


def test_an_estimate_and_a_limit_are_a_pale_bar_and_a_dashed_line(built):
    board, _ = built(
        """
- name: Combo
  type: combo
  model: fct_cost_daily
  x: cost_date by month
  y:
    - {value: list_cost_usd, label: Guess, show_as: estimate}
    - {value: billed_cost_usd, label: Least, show_as: low}
    - {value: effective_cost_usd, label: Most, show_as: high}
    - {value: count(*), label: Limit, show_as: limit}
"""
    )
    series = settings_of(board, "page.combo")["series_settings"]
    assert [series[name]["display"] for name in ("guess", "least", "limit")] == [
        "bar", "line", "line",
    ]  # fmt: skip
    assert series["limit"]["line.style"] == "dashed"


def test_a_combo_has_metabases_goal_line_too(built):
    board, wrong = built(
        "- {name: C, type: combo, model: fct_cost_daily, x: cost_date by month, goal: 5, "
        "y: [list_cost_usd, {value: count(*), label: Rows, axis: right}]}"
    )
    assert wrong == []
    settings = settings_of(board, "page.c")
    assert (settings["graph.show_goal"], settings["graph.goal_value"]) == (True, 5)


def test_a_computed_goal_in_a_row_chart_is_a_bar_of_its_own(built):
    board, wrong = built(
        "- {name: C, type: row, model: fct_cost_daily, x: department, y: list_cost_usd,"
        " goal: {value: max(billed_cost_usd), label: Most}}"
    )
    assert wrong == []
    assert settings_of(board, "page.c")["graph.metrics"] == ["list_cost_usd", "most"]


def test_a_computed_goal_beside_a_series_is_refused(built):
    _, wrong = built(
        "- {name: C, type: bar, model: fct_cost_daily, x: cost_date by month, "
        "series: platform_code, y: list_cost_usd, goal: max(billed_cost_usd)}"
    )
    assert wrong[0].path[-1] == "goal"


# --- pivots

PIVOT = "- {name: Cost, type: pivot, model: fct_cost_daily, rows: department, values: %s}"


@pytest.mark.parametrize(("heat", "shaded"), [("", None), (", heat: true", ["effective_cost_usd"])])
def test_a_heat_map_is_a_pivot_whose_numbers_are_shaded(built, heat, shaded):
    rows = PIVOT.replace("}", f"{heat}}}") % "effective_cost_usd"
    rules = settings_of(built(rows)[0]).get("table.column_formatting")
    assert (rules and rules[0]["type"]) == (shaded and "range")
    assert (rules and rules[0]["columns"]) == shaded


def test_a_pivot_aggregates_rows_so_that_its_totals_are_right(built):
    value = "[{value: sum(billed_cost_usd) / count(distinct user_email), label: Each}]"
    board, wrong = built(PIVOT % value, filters=PERIOD)
    assert wrong == []
    rows = card_of(board, "page.cost:rows")["dataset_query"]["stages"][0]["native"]
    assert "SUM" not in rows
    assert "GROUP BY" not in rows
    stage = card_of(board)["dataset_query"]["stages"][0]
    assert stage["source-card"] == 99
    operator, options, left, right = stage["aggregation"][0]
    assert (operator, options["name"], left[0], right[0]) == ("/", "each", "sum", "distinct")
    (mapping,) = board.places[1].mappings
    field = ["field", "filter_period", {"base-type": "type/Date"}]
    assert mapping["target"] == ["dimension", field, {"stage-number": 0}]
    assert '"filter_period"' in rows


@pytest.mark.parametrize(
    ("rows", "filters", "message"),
    [
        (PIVOT % "[{value: round(sum(list_cost_usd)), label: R}]", "{}", "cannot compute ROUND"),
        (PIVOT.replace("values", "limit: 5, values") % "list_cost_usd", "{}", "would make wrong"),
        (
            PIVOT % "list_cost_usd",
            "{least: {type: number, operator: '>=', column: fct_cost_daily.list_cost_usd}}",
            "compares with >=",
        ),
        (
            '- {name: Cost, type: pivot, rows: d, values: n, sql: "select department as d, '
            "count(*) as n from {{ ref('fct_cost_daily') }} where {{ filters('fct_cost_daily') }} "
            'group by 1"}',
            PERIOD,
            "do not reach into the SQL of a pivot",
        ),
    ],
)
def test_what_a_pivot_cannot_do_is_reported_before_anything_is_deployed(
    built, rows, filters, message
):
    _, wrong = built(rows, filters=filters)
    assert message in wrong[0].message


COUNTS = """
- name: Cost
  type: pivot
  rows: department
  columns: platform_code
  values: [{value: amount, label: Amount}]
  sql: |
    with costs as (
      select department, platform_code, %s as part
      from {{ ref('fct_cost_daily') }}
      group by department, platform_code
    )
    select department, platform_code, %s as amount
    from costs
    group by department, platform_code
"""


@pytest.mark.parametrize(
    ("part", "amount", "is_right"),
    [
        ("sum(effective_cost_usd)", "sum(part)", True),
        ("count(*)", "sum(part)", True),
        # The sum of counts of distinct values is a sum like any other.
        ("count(distinct user_email)", "sum(part)", True),
        ("sum(effective_cost_usd)", "max(part)", False),
        ("sum(effective_cost_usd)", "sum(part) / nullif(count(*), 0)", False),
        ("count(distinct user_email)", "any_value(part)", False),
        ("sum(effective_cost_usd)", "count(distinct part)", False),
        ("sum(effective_cost_usd)", "any_value(part)", False),
        ("sum(effective_cost_usd)", "sum(sum(part)) over (order by platform_code)", False),
        ("count(*) filter (where billed_cost_usd > 0)", "sum(part)", True),
    ],
)
def test_a_pivot_over_a_query_has_totals_only_of_what_can_be_summed(built, part, amount, is_right):
    rows = COUNTS % (part, amount)
    board, wrong = built(rows)
    if is_right:
        assert wrong == []
        assert card_of(board)["dataset_query"]["stages"][0]["aggregation"][0][0] == "sum"
        return
    assert "would add up Amount" in wrong[0].message
    assert "write `totals: false`, or use `model`" in wrong[0].message
    assert wrong[0].path[-1] == "totals"
    board, wrong = built(rows.replace("type: pivot", "type: pivot\n  totals: false"))
    assert wrong == []
    assert not settings_of(board)["pivot.show_row_totals"]


def test_with_too_many_points_the_largest_are_shown(built):
    rows = "- {name: Cost, type: scatter, model: fct_cost_daily, points: user_email, limit: 5,\n"
    rows += "   x: {value: sum(effective_cost_usd), label: X}, y: {value: count(*), label: Y}}"
    board, _ = built(rows)
    query = card_of(board)["dataset_query"]["stages"][0]["native"]
    assert "ORDER BY 2 DESC, 1 LIMIT 5" in " ".join(query.upper().split())


def test_a_card_says_which_filters_change_nothing_in_it(built):
    rows = SCALAR + "\n" + SCALAR.replace("{name: Cost", "{name: All, description: Ever.")
    rows = rows.replace("{name: All", "{unfiltered: [period], name: All")
    board, _ = built(rows, filters=PERIOD)
    assert card_of(board)["description"] is None
    assert card_of(board, "page.all")["description"] == "Ever. Not filtered by Period."


# --- the normal form

CARD = {
    "name": "A",
    "display": "bar",
    "description": None,
    "collection_id": 1,
    "visualization_settings": {"x": 1, "column_settings": {'["name","a"]': {"decimals": 2}}},
    "dataset_query": {
        "lib/type": "mbql/query",
        "database": 2,
        "stages": [
            {
                "lib/type": "mbql.stage/native",
                "native": "select 1 [[where {{a}}]]",
                "template-tags": {
                    "a": {
                        "id": "i",
                        "name": "a",
                        "display-name": "A",
                        "type": "dimension",
                        "widget-type": "string/=",
                        "dimension": ["field", {"lib/uuid": "u"}, 7],
                    }
                },
            }
        ],
    },
}


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card.update(updated_at="2026-01-01", query_type="native", parameters=[]),
        lambda card: card["visualization_settings"].update(x=1.0, y=None, z=[]),
        lambda card: card["visualization_settings"].update(
            column_settings={'["name", "a"]': {"decimals": 2}}
        ),
    ],
)
def test_what_metabase_adds_or_spells_differently_is_not_a_difference(change):
    other = copy.deepcopy(CARD)
    change(other)
    assert normal.card(other) == normal.card(CARD)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda card: card.update(name="B"), "name"),
        (lambda card: card.update(archived=True), "archived"),
        (lambda card: card["visualization_settings"].update(x=2), "visualization settings"),
        (lambda card: card["visualization_settings"].pop("x"), "visualization settings"),
        (lambda card: card["visualization_settings"].update(new=False), "visualization settings"),
        (lambda card: card["dataset_query"]["stages"][0].update(native="select 2"), "SQL"),
        (
            lambda card: card["dataset_query"]["stages"][0]["template-tags"]["a"].update(
                dimension=["field", 8, None]
            ),
            "SQL",
        ),
        (lambda card: card.update(dataset_query={}), "query"),
    ],
)
def test_what_people_can_see_is_a_difference(change, part):
    other = copy.deepcopy(CARD)
    change(other)
    assert normal.changed_parts(normal.card(other), normal.card(CARD)) in ([part], ["SQL"])


def test_a_normal_form_can_be_written_down():
    assert json.loads(json.dumps(normal.card(CARD))) == normal.card(CARD)


# --- BigQuery

BIGQUERY_TYPES = {
    "text": "STRING",
    "number": "NUMERIC",
    "money": "BIGNUMERIC",
    "count": "INT64",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "boolean": "BOOL",
}
VALUES = {"text": "'a'", "date": "date '2026-01-01'", "money": "5", "number": "5", "count": "5"}


def test_googles_analyzer_accepts_every_query_with_all_filters_set_as_metabase_sets_them(catalog):
    google = GoogleSql()
    for model in catalog.models.values():
        kinds = {column.name: BIGQUERY_TYPES[column.kind] for column in model.columns.values()}
        google.add_table(f"ai_marts.{model.name}", kinds)
    places = [(model.name, column) for model in catalog.models.values() for column in model.columns]
    days = {model.name: model.day for model in catalog.models.values() if model.day}
    ids = {place: number for number, place in enumerate(places, start=1)}
    source, findings = load_file(ALL_TYPES, catalog)
    assert findings == []
    board, wrong = payloads.build(source.dashboard, Warehouse(2, "bigquery", "ai_marts", ids))
    assert wrong == []
    for card in board.cards:
        stage = card.query["stages"][0]
        if "native" not in stage:
            continue
        sql = stage["native"]
        for tag in stage.get("template-tags", {}).values():
            value = VALUES.get(tag["type"], "")
            if tag["type"] == "dimension":
                mart, column = places[tag["dimension"][2] - 1]
                kind = catalog.models[mart].columns[column].kind
                value = f"`ai_marts.{mart}`.`{column}` = {VALUES[kind]}"
            sql = sql.replace(f"{{{{{tag['name']}}}}}", value)
        google.analyze(sql.replace("[[", "").replace("]]", ""))
        assert all(day in sql for mart, day in days.items() if f"FROM `ai_marts.{mart}`" in sql)


def test_no_two_things_on_a_tab_overlap(catalog):
    sources, findings = load(catalog)
    assert findings == []
    ids = {
        (model.name, column): number
        for number, (model, column) in enumerate(
            (model, column) for model in catalog.models.values() for column in model.columns
        )
    }
    for source in sources:
        board, _ = payloads.build(source.dashboard, Warehouse(2, "duckdb", "marts", ids))
        taken = {}
        for place in board.places:
            at = place.payload
            for row in range(at["row"], at["row"] + at["size_y"]):
                for column in range(at["col"], at["col"] + at["size_x"]):
                    other = taken.setdefault((place.tab, row, column), place.key)
                    assert other == place.key, f"{place.key} lies on {other}"
