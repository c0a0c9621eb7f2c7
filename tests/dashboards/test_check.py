"""Definitions against the marts' contracts: what is wrong is named with its line and its remedy."""

import re
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dashboards import definition, query
from dashboards.check import check, review, sql_of
from dashboards.compile import compile_dashboard
from dashboards.compiled import NUMBERS
from dashboards.conditions import days
from dashboards.loading import Finding, load
from foundation.settings import load_settings

HEAD = "name: Page\ndescription: d\nquestions: [q]\n"
COST = "model: fct_cost_daily"
TREND = f"{COST}, x: cost_date by month"
NO_WAREHOUSE = load_settings().model_copy(update={"duckdb_path": Path("none.duckdb")})


def page(rows: str, filters: str = "{}") -> str:
    """Line 4 is the filters', the charts begin on line 7."""
    return f"{HEAD}filters: {filters}\nrows:\n  - charts:\n{rows}"


def chart(text: str) -> str:
    return f"      - {{name: A chart, {text}}}\n"


def messages(found: list[Finding]) -> str:
    return "\n".join(f"{one.line}: {one.message}" for one in found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"type: bar, {COST}, x: cost_dat, y: billed_cost_usd", "7: .*did you mean cost_date"),
        (f"type: bar, {COST}, x: team, y: biled_cost_usd", "7: .*did you mean billed_cost_usd"),
        (f"type: bar, {COST}, x: team, y: billed_cost_usd, where: teem = 'a'", "7: .*mean team"),
        ("type: bar, model: fct_cost, x: team, y: billed_cost_usd", "7: .*fct_cost_daily"),
        (f"type: bar, {COST}, x: team, y: max(cost_center)", "7: .*needs a number"),
        (f"type: bar, {COST}, x: sum(billed_cost_usd), y: billed_cost_usd", "7: .*aggregate"),
        (
            f"type: bar, {COST}, x: team, y: median(billed_cost_usd)",
            "7: .*for a median, add it to a mart",
        ),
        (f"type: bar, {COST}, x: team, y: sum(billed_cost_usd", "7: .*read as SQL"),
        (
            f"type: bar, {COST}, x: team, y: sum(billed_cost_usd) + list_cost_usd",
            "7: .*outside of an aggregate",
        ),
        (
            "type: bar, model: vw_executive_dashboard, x: month, y: acceptance_rate",
            "7: acceptance_rate is a ratio",
        ),
        (
            "type: bar, model: vw_executive_dashboard, x: month, y: avg(cost_per_user)",
            "7: cost_per_user is a ratio",
        ),
        (f"type: bar, {COST}, x: team, y: billed_cost_usd, widht: 3", "7: .*did you mean width"),
        (f"type: bars, {COST}, x: team, y: billed_cost_usd", "7: .*did you mean bar"),
        (f"type: bar, {COST}, x: team", "7: y is missing"),
        ("type: bar, x: team, y: billed_cost_usd", "7: .*either `model` or `sql`"),
        (f"type: bar, {COST}, x: team, y: billed_cost_usd, width: 25", "7: width: .*24"),
        (f"type: bar, {COST}, x: team, y: billed_cost_usd, unfiltered: [a]", "no filter a"),
        (f"type: scalar, {COST}, x: team, y: billed_cost_usd", "7: .*over a date"),
        (f"type: pie, {COST}, x: team, y: billed_cost_usd, limit: 3", "7: .*would cut"),
        (f"type: table, {COST}, columns: [team], sort: -billed", "7: no column is called billed"),
        (f"type: funnel, {COST}, y: billed_cost_usd", "7: .*a funnel has either"),
        (
            f"type: gauge, {COST}, y: billed_cost_usd, segments: [{{to: 3}}, {{to: 2}}]",
            "7: .*increasing order",
        ),
        (f"type: area, {TREND}, y: billed_cost_usd, stack: percent, goal: 1", "7: shares reach to"),
        (f"type: line, {TREND}, y: [billed_cost_usd, count(*)], goal: 1", "7: .*usd and count"),
        (f"type: line, {TREND}, y: billed_cost_usd, goal: count(*)", "7: .*is count and Billed"),
        (f"type: line, {TREND}, y: billed_cost_usd, goal: max(team)", "7: team is text: a goal"),
        (
            f"type: combo, {TREND}, y: [{{value: billed_cost_usd, axis: right}}, "
            "{value: list_cost_usd, axis: right}], goal: 1",
            "7: a goal stands at the left axis",
        ),
        (
            f"type: combo, {TREND}, y: [billed_cost_usd, list_cost_usd], goal: max(list_cost_usd)",
            "7: .*`show_as: limit`",
        ),
        ("type: scalar, sql: 'select 1 as n', y: m", "7: the query returns no m"),
        ("type: scalar, sql: 'selec 1 as n', y: n", "7: "),
        ("type: scalar, sql: \"select 1 as n from {{ ref('x') }}\", y: n", "7: there is no mart x"),
        ("type: scalar, sql: \"select {{ variable('v') }} as n\", y: n", "7: .*no static filter v"),
        ('type: scalar, sql: "select {{ nothing }} as n", y: n', "7: cannot be rendered"),
        (
            'type: scalar, sql: "select {{ ref.__globals__ }} as n", y: n',
            "7: cannot be rendered: access to attribute '__globals__'",
        ),
    ],
)
def test_an_error_has_its_line_and_says_what_to_write(read, text, said):
    _, found = read(page(chart(text)))
    assert re.search(f"^{said}" if said[0] == "7" else said, messages(found), re.DOTALL), found


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ("{f: {type: date_range, column: fct_cost_daily.team}}", "dropdown"),
        ("{f: {type: dropdown, column: fct_cost_daily.cost_date}}", "date_range, relative_date"),
        ("{f: {type: number_range, column: fct_cost_daily.team}}", "number or money or count"),
        ("{f: {type: dropdown, column: fct_cost_daily.tem}}", "did you mean team"),
        ("{f: {type: dropdown, column: fct_cost.team}}", "there is no mart fct_cost"),
        ("{f: {type: dropdown, column: team}}", "no `model.column`"),
        ("{f: {type: number}}", "needs a `default`"),
        ("{f: {type: dropdown, column: fct_usage_daily.product}}", "4: the filter f narrows no"),
        (
            "{f: {type: date, column: fct_cost_restatements.restated_at}}",
            "restated_at is datetime: use date_range, relative_date",
        ),
        (
            "{f: {type: date_range, column: fct_cost_daily.cost_date, default: today}}",
            "write the first and the last day",
        ),
        ("{F: {type: dropdown, column: fct_cost_daily.team}}", "only lowercase letters"),
        (
            "{f: {type: relative_date, column: vw_executive_dashboard.month, default: past30days}}",
            "past30days is not a number of whole months",
        ),
    ],
)
def test_a_filter_fits_its_column_and_narrows_something(read, filters, said):
    rows = chart("type: bar, model: vw_executive_dashboard, x: month, y: total_monthly_cost")
    if "narrows" not in said:
        rows += chart(f"type: bar, {COST}, x: team, y: billed_cost_usd, id: other")
    _, found = read(page(rows, filters))
    assert said in messages(found)


def test_a_file_that_is_not_a_dashboard_is_named(read, tmp_path, catalog):
    for text, said in [
        ("a: [", "1: is not valid YAML"),
        ("- a", "is not a dashboard"),
        ("", "is not a"),
    ]:
        _, found = read(text)
        assert said in messages(found)
    _, found = load(catalog, tmp_path / "empty")
    assert "there is no dashboard" in messages(found)


def test_two_charts_cannot_have_one_id(read):
    _, found = read(page(chart(f"type: scalar, {COST}, y: billed_cost_usd") * 2))
    assert "two charts have the id a_chart" in messages(found)


FILTERS = """
  period: {type: date_range, column: [fct_cost_daily.cost_date, fct_usage_daily.usage_date]}
  team: {type: multi_select, column: fct_cost_daily.team}
  least: {type: number, column: fct_cost_daily.billed_cost_usd, default: 1}
"""


def test_a_filter_narrows_every_chart_that_has_its_column(read):
    rows = chart(f"type: scalar, {COST}, y: billed_cost_usd")
    rows += chart("type: scalar, id: b, model: fct_usage_daily, y: requests")
    rows += chart("type: scalar, id: c, model: vw_executive_dashboard, y: active_users")
    rows += chart(f"type: scalar, id: d, {COST}, y: billed_cost_usd, unfiltered: [team]")
    source, found = read(page(rows, FILTERS))
    assert not found
    wired = {
        chart.key: {wire.filter: wire.column for wire in chart.wires}
        for chart in source.dashboard.charts
    }
    cost = {"period": "cost_date", "team": "team", "least": "billed_cost_usd"}
    assert wired == {
        "page.a_chart": cost,
        "page.b": {"period": "usage_date", "team": "team"},
        "page.c": {},
        "page.d": {"period": "cost_date", "least": "billed_cost_usd"},
    }


def test_a_filter_is_offered_where_it_narrows_something_and_named_where_it_does_not(read):
    def tab(name, rows):
        return f"{{name: {name}, rows: [{{charts: [{', '.join(rows)}]}}]}}"

    cost = f"{{name: A, type: scalar, {COST}, y: billed_cost_usd}}"
    executive = "{name: B, type: scalar, model: vw_executive_dashboard, y: active_users}"
    tabs = [tab("Both", [cost, executive]), tab("One", [executive.replace("B", "C")])]
    text = f"name: P\ndescription: A.\nquestions: [Q?]\nfilters: {FILTERS}\n"
    source, found = read(text + f"tabs: [{', '.join(tabs)}]\n")
    assert not found
    assert [tab.filters for tab in source.dashboard.tabs] == [{"period", "team", "least"}, set()]
    assert {chart.key: source.dashboard.unfiltered(chart) for chart in source.dashboard.charts} == {
        "page.a": [],
        "page.b": ["period", "team", "least"],
        "page.c": [],
    }


def test_a_query_lets_every_filter_in_or_says_that_it_does_not(read):
    sql = "select count(*) as n from {{ ref('fct_cost_daily') }}"
    let_in = sql + " where {{ filters('fct_cost_daily') }}"
    _, found = read(page(chart(f'type: scalar, sql: "{sql}", y: n'), FILTERS))
    assert "the filter period is left out" in messages(found)
    left_out = chart(f'type: scalar, sql: "{sql}", y: n, unfiltered: [period, team, least]')
    left_out += chart(f'type: scalar, id: b, sql: "{let_in}", y: n')
    assert read(page(left_out, FILTERS))[1] == []


def test_a_query_lets_filters_in_for_each_mart_that_it_reads(read):
    """Two marts, of which one is narrowed: the other has the rows of all teams."""
    sql = (
        "select count(*) as n from {{ ref('fct_cost_daily') }} "
        "where {{ filters('fct_cost_daily') }} "
        "union all select count(*) from {{ ref('fct_usage_daily'%s) }}"
    )
    _, found = read(page(chart(f'type: scalar, sql: "{sql % ""}", y: n'), FILTERS))
    said = messages(found)
    assert "the filter team is left out, and fct_usage_daily has team: write `where {{" in said
    assert "the filter period is left out, and fct_usage_daily has usage_date" in said
    assert "fct_cost_daily has" not in said
    on_purpose = sql % ", unfiltered=true"
    assert read(page(chart(f'type: scalar, sql: "{on_purpose}", y: n'), FILTERS))[1] == []


@pytest.mark.parametrize(
    ("first", "second", "is_right"),
    [("", "", False), ("", ", unfiltered=true", True), (", unfiltered=true", "", False)],
)
def test_a_query_lets_filters_in_wherever_it_reads_a_mart(read, first, second, is_right):
    sql = (
        f"select count(*) as n from {{{{ ref('fct_cost_daily'{first}) }}}} "
        "where {{ filters('fct_cost_daily') }} "
        f"union all select count(*) from {{{{ ref('fct_cost_daily'{second}) }}}}"
    )
    _, found = read(page(chart(f'type: scalar, sql: "{sql}", y: n'), FILTERS))
    assert ("the filter team is left out" not in messages(found)) is is_right


def test_what_a_query_calls_in_a_way_that_there_is_not_is_named(read):
    sql = "select count(*) as n from {{ ref('fct_cost_daily', filtered=false) }}"
    _, found = read(page(chart(f'type: scalar, sql: "{sql}", y: n')))
    assert "cannot be rendered: " in messages(found)


COSTS = "select count(*) as n from {{ ref('fct_cost_daily') }}"
NARROWED = COSTS + " where {{ filters('fct_cost_daily') }}"
EVERYBODY = "A chart reads fct_cost_daily, and team is locked where the dashboard is shown: write"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (f"{NARROWED} and cost_date >= date '2026-01-01'", None),
        (f"{COSTS} where (billed_cost_usd > 0 and {{{{ filters('fct_cost_daily') }}}})", None),
        (f"with costs as ({NARROWED}) select n from costs union all select n from costs", None),
        (f"{NARROWED} union all {NARROWED}", None),
        (f"{COSTS}", EVERYBODY),
        (f"{NARROWED} union all {COSTS}", EVERYBODY),
        (f"{NARROWED} and {{{{ filters('fct_cost_daily') }}}} union all {COSTS}", EVERYBODY),
        (f"{NARROWED} or true", EVERYBODY),
        (f"{COSTS} where not {{{{ filters('fct_cost_daily') }}}}", EVERYBODY),
        (f"{NARROWED} and billed_cost_usd < (select max(n) from ({COSTS}) as all_of)", EVERYBODY),
        (
            "select count(*) as n from {{ ref('vw_people_monthly') }} cross join "
            "{{ ref('vw_people_monthly') }} as p where {{ filters('vw_people_monthly') }}",
            "and give vw_people_monthly no alias there",
        ),
        (f"{NARROWED} union all select count(*) from MARTS.FCT_COST_DAILY", EVERYBODY),
        (
            f"{NARROWED} union all select count(*) from {{{{ ref('fct_usage_daily') }}}}",
            "A chart reads fct_usage_daily, and team is locked",
        ),
        (
            f"{NARROWED} union all "
            "select count(*) from {{ ref('fct_cost_daily', unfiltered=true) }}",
            EVERYBODY,
        ),
        (
            f"{NARROWED} union all select count(*) from {{{{ ref('dim_platforms') }}}}",
            "dim_platforms has no column for it, so leave dim_platforms out",
        ),
    ],
)
def test_with_a_locked_filter_every_part_of_a_query_is_narrowed(read, sql, said):
    filters = "{team: {type: search, column: fct_cost_daily.team}}"
    _, found = read(
        "embed: {locked: [team]}\n" + page(chart(f'type: scalar, sql: "{sql}", y: n'), filters)
    )
    if said is None:
        assert found == []
    else:
        assert len(found) == 1
        assert said in found[0].message
        # One line below those of other tests.
        assert found[0].line == 8


def test_the_condition_of_a_chart_reads_no_rows_that_a_locked_filter_hides(read):
    everybody = "(select max(billed_cost_usd) from marts.fct_cost_daily)"
    rows = chart(f"type: scalar, {COST}, y: count(*), where: billed_cost_usd < {everybody}")
    filters = "{team: {type: search, column: fct_cost_daily.team}}"
    _, found = read("embed: {locked: [team]}\n" + page(rows, filters))
    assert EVERYBODY in messages(found)


def test_with_a_locked_filter_no_chart_shows_other_peoples_data(read):
    """A dashboard inside another product, for one team."""
    locked = "embed: {locked: [team]}\n"
    rows = chart(f"type: scalar, {COST}, y: billed_cost_usd")
    assert read(locked + page(rows, FILTERS))[1] == []
    leaks = rows + chart("type: scalar, id: b, model: vw_executive_dashboard, y: active_users")
    leaks += chart(f"type: scalar, id: c, {COST}, y: billed_cost_usd, unfiltered: [team]")
    _, found = read(locked + page(leaks, FILTERS))
    assert messages(found).count("is not narrowed by team, which is locked") == 2


def test_a_chart_that_reads_two_marts_has_a_tag_for_each(read):
    count = "(select count(*) from {{{{ ref('{0}') }}}} where {{{{ filters('{0}') }}}})"
    counts = " + ".join(count.format(mart) for mart in ("fct_cost_daily", "fct_usage_daily"))
    source, found = read(page(chart(f'type: scalar, sql: "select {counts} as n", y: n'), FILTERS))
    assert not found
    tags = {(wire.filter, wire.mart): wire.tag for wire in source.dashboard.charts[0].wires}
    assert tags["period", "fct_cost_daily"] == "period"
    assert tags["period", "fct_usage_daily"] == "period_2"


def test_a_division_by_zero_is_null(read, catalog):
    ratio = "{value: sum(billed_cost_usd) / sum(list_cost_usd), label: Paid}"
    source, found = read(page(chart(f"type: scalar, {COST}, y: {ratio}")))
    assert not found
    sql = sql_of(source.dashboard, source.dashboard.charts[0], date(2026, 3, 1))
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.fct_cost_daily (cost_date date default '2026-03-01',"
            " billed_cost_usd int, list_cost_usd int)"
        )
        insert = "insert into marts.fct_cost_daily (billed_cost_usd, list_cost_usd) values"
        connection.execute(f"{insert} (3, 0)")
        assert connection.execute(sql).fetchall() == [(None,)]
        connection.execute(f"{insert} (3, 12)")
        assert connection.execute(sql).fetchall() == [(0.5,)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("sum(billed_cost_usd)", "usd"),
        ("count(*)", "count"),
        ("sum(billed_cost_usd) / sum(list_cost_usd)", "percent"),
        ("1 - sum(billed_cost_usd) / sum(list_cost_usd)", "percent"),
        ("sum(billed_cost_usd) / count(distinct user_email)", "usd"),
        ("max(cost_date)", "date"),
    ],
)
def test_a_number_is_shown_as_what_it_is(read, value, expected):
    source, found = read(page(chart(f"type: scalar, {COST}, y: {{value: {value}, label: N}}")))
    assert not found
    assert source.dashboard.charts[0].measures[0].format == expected


def test_money_in_a_table_is_summed_and_never_grouped_by(read):
    columns = "columns: [team, billed_cost_usd, {value: list_cost_usd, label: List}]"
    source, found = read(page(chart(f"type: table, {COST}, {columns}")))
    assert not found
    (table,) = source.dashboard.charts
    assert [one.name for one in table.dimensions] == ["team"]
    assert [one.name for one in table.measures] == ["billed_cost_usd", "list"]
    sql = query.render(table.template, "duckdb", "m", lambda _: "true", lambda _: "").lower()
    assert re.search(r"group by\s+1\s", sql)


def test_no_table_is_grouped_by_a_quantity(catalog):
    """Each number of each mart alone in a table, with `where` and without, and in arithmetic: it is
    summed or refused, unless it is a place in an order."""
    grouped = set()
    for model in catalog.models.values():
        numbers = [one for one in model.columns.values() if one.kind in NUMBERS]
        for number in numbers:
            for value, where in [
                (number.name, None),
                (number.name, f"{number.name} > 0"),
                (f"coalesce({number.name}, 0)", None),
            ]:
                column = definition.Column(value=value, label="Number")
                table = definition.Table(
                    name="T", type="table", model=model.name, where=where, columns=[column]
                )
                row = definition.GridRow(charts=[table])
                page = definition.Dashboard(name="P", description="d", questions=["q"], rows=[row])
                compiled, problems = compile_dashboard("page", page, catalog)
                if not problems and compiled.charts[0].dimensions:
                    grouped.add(number.name)
    assert grouped == {
        "bucket_position",
        "attribution_confidence",
        "change_rank",
        "dollar_bucket_position",
        "iso_weekday",
        "local_hour",
        "productivity_rank",
        "acceptance_rank",
        "cost_efficiency_rank",
        "request_bucket_position",
        "spend_rank",
        "version_number",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"type: table, {COST}, columns: [team, 'round(billed_cost_usd, 2)']", "sum(billed_cost"),
        ("type: table, model: fct_usage_daily, columns: [team, requests]", "sum(requests)"),
        ("type: bar, model: fct_usage_daily, x: requests, y: count(*)", "name them: case when"),
        ("type: table, model: vw_team_productivity, columns: [team, acceptance_rate]", "a ratio"),
    ],
)
def test_a_quantity_that_cannot_be_summed_is_refused(read, text, said):
    _, found = read(page(chart(text)))
    assert said in messages(found)


def test_a_query_that_cuts_off_days_cuts_them_off_on_both_engines(read):
    week = "date_trunc('week', cost_date)"
    month = "cast(date_trunc('month', cost_date - interval 1 day) as date)"
    sql = "sql: \"select {0} as day from {{{{ ref('fct_cost_daily') }}}}\", columns: [day]"
    rows = chart(f"type: table, {sql.format(week)}")
    rows += chart(f"type: table, id: b, {sql.format(month)}")
    source, found = read(page(rows))
    assert not found
    week, month = (
        query.render(one.template, "bigquery", "m", lambda _: "true", lambda _: "").lower()
        for one in source.dashboard.charts
    )
    assert re.search(r"date_trunc\(date\(cost_date\), (isoweek|week\(monday\))", week)
    assert re.search(r"date_trunc\(date\(cost_date - interval '1' day\), month\)", month)
    assert "timestamp_trunc" not in week + month


def test_weeks_begin_on_monday_on_both_engines(read):
    source, _ = read(page(chart(f"type: line, {COST}, x: cost_date by week, y: list_cost_usd")))
    template = source.dashboard.charts[0].template

    def on(dialect):
        return query.render(template, dialect, "m", lambda _: "true", lambda _: "")

    assert "date_trunc('week', cost_date)" in on("duckdb").lower()
    assert re.search(
        r"date_trunc\(date\(cost_date\), (isoweek|week\(monday\))", on("bigquery").lower()
    )
    assert "`m.fct_cost_daily`" in on("bigquery")


def test_a_fact_is_never_queried_without_a_condition_on_its_day(read):
    """BigQuery would refuse that, and a filter may be left empty."""
    sql = "select count(*) as n from {{ ref('fct_cost_daily') }} "
    sql += "where {{ filters('fct_cost_daily') }}"
    rows = chart(f"type: scalar, {COST}, y: billed_cost_usd")
    rows += chart(f"type: funnel, id: b, {COST}, y: [list_cost_usd, billed_cost_usd]")
    rows += chart(f'type: scalar, id: c, sql: "{sql}", y: n')
    rows += chart("type: scalar, id: d, model: vw_executive_dashboard, y: active_users")
    source, found = read(page(rows))
    assert not found
    templates = [chart.template for chart in source.dashboard.charts]
    assert [template.count("cost_date >=") for template in templates] == [1, 2, 1, 0]


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("past30days", "2026-10-16", "2026-11-14"),
        ("past30days~", "2026-10-16", "2026-11-15"),
        ("past1weeks", "2026-11-02", "2026-11-08"),
        ("past2months", "2026-09-01", "2026-10-31"),
        ("past2months~", "2026-09-01", "2026-11-30"),
        ("past1quarters", "2026-07-01", "2026-09-30"),
        ("past1years~", "2025-01-01", "2026-12-31"),
        ("next1months", "2026-12-01", "2026-12-31"),
        ("thismonth", "2026-11-01", "2026-11-30"),
        ("thisweek", "2026-11-09", "2026-11-15"),
        ("yesterday", "2026-11-14", "2026-11-14"),
        ("2026-01-01~2026-03-31", "2026-01-01", "2026-03-31"),
    ],
)
def test_relative_dates_are_those_of_metabase(value, first, last):
    assert days(value, date(2026, 11, 15)) == (date.fromisoformat(first), date.fromisoformat(last))


def test_queries_are_run_with_no_filter_and_with_all(read, catalog):
    """A query that is right alone and wrong once a filter narrows it."""
    sql = "select count(*) as n from {{ ref('fct_cost_daily', unfiltered=true) }} as costs "
    sql += "where {{ filters('fct_cost_daily') }}"
    source, found = read(page(chart(f'type: scalar, sql: "{sql}", y: n'), FILTERS))
    assert not found
    found = check(load_settings(), catalog, [source])
    assert "the query fails on empty marts" in messages(found)
    assert "fct_cost_daily" in messages(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("y: billed_cost_usd, where: cost_type = 'overages'", "did you mean overage?"),
        ("y: billed_cost_usd, where: \"cost_type in ('usage', 'seats')\"", "known are correction"),
        ("y: sum(case when cost_type <> 'taxes' then billed_cost_usd end)", "did you mean tax?"),
        ("y: billed_cost_usd, where: \"cost_type in ('usage', 'tax')\"", None),
    ],
)
def test_a_condition_on_a_value_that_the_contract_does_not_list_is_refused(
    read, catalog, text, said
):
    source, found = read(page(chart(f"type: scalar, {COST}, {text}")))
    assert not found
    found = check(NO_WAREHOUSE, catalog, [source])
    if said is None:
        assert found == []
    else:
        (finding,) = found
        assert finding.line == 7
        assert said in finding.message


def test_what_the_warehouse_has_not_is_a_hint(read, gallery, catalog):
    settings, _ = gallery
    rows = chart(f"type: scalar, {COST}, y: billed_cost_usd, where: platform_code = 'cursr'")
    rows += chart(f"type: scalar, id: b, {COST}, y: billed_cost_usd, where: team = 'nobody here'")
    source, _ = read(page(rows))
    (misspelled,) = check(settings, catalog, [source])
    assert "platform_code is never 'cursr': did you mean cursor?" in misspelled.message
    assert misspelled.is_hint
    assert " hint: " in str(misspelled)
    for right in ("in ('cursr', 'cursor')", "= 'cursor'"):
        source, found = read(
            page(rows.replace("platform_code = 'cursr'", f'"platform_code {right}"'))
        )
        assert not found
        assert check(settings, catalog, [source]) == []
    (empty,) = check(settings, catalog, [source], also_empty=True)
    assert empty.is_hint
    assert "A chart is empty in" in empty.message


def test_what_a_reviewer_would_refuse_is_named(read):
    undescribed = [chart(f"type: scalar, id: c{n}, {COST}, y: list_cost_usd") for n in range(11)]
    twice = "{a: {type: search, label: A, column: fct_cost_daily.team}, "
    twice += "b: {type: search, label: A, column: fct_cost_daily.user_email}}"
    source, found = read(page("".join(undescribed), twice))
    assert not found
    found = messages(review([source]))
    for said in (
        "1: the first line must be",
        "3: write at least 3 questions",
        "4: two filters are called A",
        "5: at most 10 charts fit on a tab, not 11",
        "7: A chart has no description",
    ):
        assert said in found
    right = page(undescribed[0].replace("}", ", description: d}")).replace("[q]", "[q, r, s]")
    source, _ = read("# yaml-language-server: $schema=../schema.json\n" + right)
    assert review([source]) == []


def test_the_dashboards_of_the_project_are_right(catalog):
    sources, found = load(catalog)
    assert found + check(NO_WAREHOUSE, catalog, sources) + review(sources) == []
