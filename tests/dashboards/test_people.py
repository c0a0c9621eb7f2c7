"""Dashboards that may not show people show pseudonyms, and nobody in a group that is too small."""

from __future__ import annotations

import base64
import gzip
import json
import re
from datetime import date

import duckdb
import pytest

from dashboards.catalog import MARTS, Catalog
from dashboards.check import sql_of
from dashboards.definition import Dashboard
from dashboards.deploy import bindings
from dashboards.deploy.pivots import crosstab
from dashboards.loading import load, load_file
from dashboards.people import People, is_hidden
from dashboards.preview import SIZES, preview
from dashboards.preview.annotations import Annotations
from foundation.settings import Settings
from tests.marts.warehouse import Warehouse
from tools import base_company

TODAY = date(2026, 11, 21)
SALT = "0f1e2d3c4b5a6978"
HIDDEN = People(frozenset({"cost_explorer"}), 3, SALT)
PAGE = """
    name: Page
    description: d
    questions: [q]
    filters:
      person: {type: search, column: fct_cost_daily.user_email}
      team: {type: dropdown, column: fct_cost_daily.team}
    rows:
      - charts:
"""
LIST = (
    "type: row, model: fct_cost_daily, x: {value: user_email, label: Person},"
    " y: sum(billed_cost_usd)"
)
QUERY = (
    'type: table, columns: [user_email, cost], sql: "select user_email, sum(billed_cost_usd)'
    " as cost from {{ ref('fct_cost_daily') }} where {{ filters('fct_cost_daily') }}"
    ' group by user_email order by cost desc, user_email"'
)


@pytest.fixture(scope="module")
def hiding() -> Catalog:
    return Catalog(base_company.parsed() / "manifest.json", HIDDEN)


@pytest.fixture
def rows(hiding: Catalog, tmp_path):
    """The answer of a chart in a warehouse with these people's costs."""

    def rows(chart: str, costs: dict[str, int]) -> list[tuple[object, ...]]:
        file = tmp_path / "page.yml"
        file.write_text(f"{PAGE}          - {{name: A, {chart}}}\n")
        source, findings = load_file(file, hiding)
        assert not findings, findings
        assert list(source.dashboard.definition.filters) == ["team"]
        with duckdb.connect() as connection:
            connection.execute(f"create schema {MARTS}")
            connection.execute(
                f"create table {MARTS}.fct_cost_daily"
                " (cost_date date, user_email text, team text, billed_cost_usd decimal(38, 18))"
            )
            for email, cost in costs.items():
                connection.execute(
                    f"insert into {MARTS}.fct_cost_daily values ('2026-11-01', ?, 'Herbs', ?)",
                    [email, cost],
                )
            (drawn,) = source.dashboard.charts
            assert "People have pseudonyms" in drawn.definition.description
            return connection.execute(sql_of(source.dashboard, drawn, TODAY)).fetchall()

    return rows


@pytest.mark.parametrize("chart", [LIST, QUERY])
def test_enough_people_are_listed_under_pseudonyms_in_the_same_order(rows, chart) -> None:
    costs = {"a@example.com": 1, "b@example.com": 3, "c@example.com": 2, "unattributed": 4}
    listed = rows(chart, costs)
    assert [int(cost) for _, cost in listed] == [4, 3, 2, 1]
    assert listed[0][0] == "unattributed"
    names = [name for name, _ in listed[1:]]
    assert len(set(names)) == 3
    assert all(re.fullmatch(r"person [0-9a-f]{8}", name) for name in names)


@pytest.mark.parametrize("chart", [LIST, QUERY])
def test_too_few_people_are_not_listed(rows, chart) -> None:
    costs = {"a@example.com": 1, "b@example.com": 3, "unattributed": 4}
    assert [name for name, _ in rows(chart, costs)] == ["unattributed"]


@pytest.mark.parametrize(
    ("rows", "values", "said"),
    [
        ("user_email", "sum(billed_cost_usd)", "a pivot lists people"),
        ("team", "count(distinct user_email)", "a pivot counts people"),
        (
            "team",
            "sum(billed_cost_usd) / count(distinct case when team <> '' then user_email end)",
            "a pivot counts people",
        ),
    ],
)
def test_a_pivot_that_needs_a_row_for_each_person_is_refused(
    hiding: Catalog, tmp_path, rows, values, said
) -> None:
    pivot = f'type: pivot, model: fct_cost_daily, rows: {rows}, values: "{values}"'
    file = tmp_path / "page.yml"
    file.write_text(f"{PAGE}          - {{name: A, {pivot}}}\n")
    _, (finding, *_) = load_file(file, hiding)
    assert f"{said}, who are hidden on this dashboard: use a table" in finding.message


def test_a_pivot_has_the_names_of_codes_where_people_are_hidden(
    base: Warehouse, hiding: Catalog, tmp_path
) -> None:
    pivot = "type: pivot, model: fct_cost_daily, rows: platform_code, values: billed_cost_usd"
    source, findings = drawn(hiding, tmp_path, pivot)
    assert not findings, findings
    (chart,) = source.dashboard.charts
    sql = crosstab(chart, bindings.Warehouse(2, "duckdb", "marts", {})).sql
    platforms = {platform for platform, *_ in base.rows(sql)}
    assert {"Cursor", "Claude API"} <= platforms
    assert "cursor" not in platforms


COUNTED = "count(distinct user_email)"
COUNTS = [
    f'{{name: A, type: scalar, model: fct_cost_daily, y: {{value: "{COUNTED}", label: B}}}}',
    f"{{name: A, type: bar, model: fct_cost_daily, x: team, y: sum(billed_cost_usd) / {COUNTED}}}",
    "{name: A, type: funnel, model: fct_cost_daily, y: ["
    f'{{value: "{COUNTED}", label: All}},'
    ' {value: "count(distinct case when billed_cost_usd > 5 then user_email end)", label: Some}]}',
]


@pytest.mark.parametrize("chart", COUNTS)
def test_a_page_that_counts_people_has_only_how_many(
    base: Warehouse, hiding: Catalog, tmp_path, chart
) -> None:
    file = tmp_path / "page.yml"
    file.write_text(f"{PAGE}          - {chart}\n")
    source, findings = load_file(file, hiding)
    assert not findings, findings
    settings = Settings(duckdb_path=base.path, _env_file=None)
    assert preview(settings, [source], tmp_path, are_all=False) == []
    text = (tmp_path / "page.html").read_text()
    assert "@example.com" not in unpacked(text)
    data = data_of(text)
    assert data["cubes"] == []
    (drawn,) = data["charts"].values()
    assert drawn["source"]["rows"] > 0
    assert drawn["notes"] == [
        "Not by Team on this page: it counts people, of whom the page would need a row for each."
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("claude_code_key_amber.kettledrum_xvvv", "key [0-9a-f]{8}"),
        ("nightly +$9, claude_code_key_amber.kettledrum_xvvv +$1", "key [0-9a-f]{8}"),
        ("claude_code_key_amber@example.com", "person [0-9a-f]{8}"),
        ("nightly-pipeline", "nightly-pipeline"),
    ],
)
def test_a_key_named_after_somebody_has_a_pseudonym(text, shown) -> None:
    sql = HIDDEN.pseudonym(f"'{text}'")
    assert re.fullmatch(shown, duckdb.sql(f"select {sql}").fetchall()[0][0])


@pytest.mark.parametrize("column", ["api_key_name", "api_key_label", "user_email", "subject"])
@pytest.mark.parametrize("kind", ["dropdown", "multi_select", "search", "text"])
def test_nobody_is_chosen_by_a_filter(column, kind) -> None:
    bound = {
        "name": {"type": kind, "column": f"a_mart.{column}"},
        "team": {"type": "dropdown", "column": "a_mart.team"},
    }
    chart = {"name": "A", "type": "scalar", "model": "a_mart", "y": "cost"}
    given = {"name": "Page", "description": "d", "questions": ["q"], "filters": bound}
    page = Dashboard.model_validate({**given, "rows": [{"charts": [chart]}]})
    assert list(HIDDEN.without_filters(page).filters) == ["team"]


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ("who: {type: text, default: a}", "who is compared with people, who are hidden"),
        (
            "who: {type: text, default: a, column: fct_cost_daily.user_email}",
            "there is no static filter who (date, number, text); people are hidden",
        ),
    ],
)
def test_nobody_is_asked_for_in_a_query(hiding: Catalog, tmp_path, filters, said) -> None:
    file = tmp_path / "page.yml"
    asked = "select sum(billed_cost_usd) as cost from {{ ref('fct_cost_daily') }}"
    where = "lower(user_email) = {{ variable('who') }} and {{ filters('fct_cost_daily') }}"
    chart = f'{{name: A, type: scalar, y: cost, sql: "{asked} where {where}"}}'
    page = PAGE.replace("filters:", f"filters:\n      {filters}")
    file.write_text(f"{page}          - {chart}\n")
    _, findings = load_file(file, hiding)
    assert [one for one in findings if said in one.message], findings


MONTHLY = "sum(effective_cost_usd) as cost from {{ ref('vw_people_monthly') }}"


def of_model(*columns: str) -> str:
    """A table of these columns of people's months."""
    shown = ", ".join(f'{{value: "{one}", label: L{n}}}' for n, one in enumerate(columns))
    return f"type: table, model: vw_people_monthly, columns: [{shown}]"


def of_query(columns: str, sql: str) -> str:
    return f'type: table, columns: [{columns}], sql: "{sql}"'


def drawn(hiding: Catalog, folder, chart: str):
    file = folder / "page.yml"
    page = re.sub(r"filters:.*?rows:", "rows:", PAGE, flags=re.DOTALL)
    file.write_text(f"{page}          - {{name: A, {chart}}}\n")
    return load_file(file, hiding)


@pytest.mark.parametrize(
    "chart",
    [
        of_model("full_name", "sum(effective_cost_usd)"),
        of_model("coalesce(full_name, user_email)", "sum(effective_cost_usd)"),
        of_model("coalesce(full_name, 'nobody')", "sum(effective_cost_usd)"),
        of_model("user_email", "max(full_name)", "sum(effective_cost_usd)"),
        of_model("upper(trim(full_name))", "sum(effective_cost_usd)"),
        of_model("split_part(user_email, '@', 1)", "sum(effective_cost_usd)"),
        of_query("full_name, cost", f"select full_name, {MONTHLY} group by full_name"),
        of_query("who, cost", f"select full_name as who, {MONTHLY} group by full_name"),
        of_query(
            "who, cost",
            f"with p as (select full_name, {MONTHLY} group by full_name)"
            " select lower(full_name) as who, cost from p",
        ),
        of_query(
            "cost",
            f"select user_email, split_part(max(full_name), ' ', 1) as first, {MONTHLY}"
            " group by user_email",
        ),
    ],
)
def test_names_and_parts_of_them_have_pseudonyms(
    base: Warehouse, hiding: Catalog, tmp_path, chart
) -> None:
    source, findings = drawn(hiding, tmp_path, chart)
    assert not findings, findings
    (one,) = source.dashboard.charts
    assert one.lists_hidden_people
    rows = base.rows(sql_of(source.dashboard, one, TODAY))
    texts = {value for row in rows for value in row if isinstance(value, str)}
    assert len(texts) > 20
    others = {text for text in texts if not re.fullmatch("person [0-9a-f]{8}", text)}
    assert others <= {"unattributed", "Unattributed", "nobody"}


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (f"with p as (select full_name as who, {MONTHLY} group by 1)", "call it full_name"),
        (f"with p as (select user_email as who, {MONTHLY} group by 1)", "call it user_email"),
        (f"with p (who, cost) as (select user_email, {MONTHLY} group by 1)", "call it user_email"),
        (
            f"with p as (select team as who, {MONTHLY} group by 1"
            f" union all select full_name, {MONTHLY} group by 1)",
            "call it full_name",
        ),
        (
            f"with q as (select full_name as user_email, {MONTHLY} group by 1),"
            " p as (select user_email as who, cost from q)",
            "user_email has people: call it full_name",
        ),
        (f"with p as (select upper(user_email) as who, {MONTHLY} group by 1)", "call it user_"),
        (
            f"with q as (select full_name as owner_name, {MONTHLY} group by 1),"
            " p as (select owner_name as who, cost from q)",
            "owner_name has people: call it full_name",
        ),
    ],
)
def test_people_keep_their_name_within_a_query(hiding: Catalog, tmp_path, before, said) -> None:
    chart = of_query("who, cost", f"{before} select who, cost from p")
    _, findings = drawn(hiding, tmp_path, chart)
    assert [one for one in findings if said in one.message], findings
    # The same where people may be shown.
    shown = Catalog(base_company.parsed() / "manifest.json")
    _, findings = drawn(shown, tmp_path, chart)
    assert [one for one in findings if "has people" in one.message] == []


def test_what_only_asks_about_people_is_no_name_of_them(
    base: Warehouse, hiding: Catalog, tmp_path
) -> None:
    kind = "case when full_name is null then 'unknown' else 'known' end"
    chart = of_query(
        "who, people",
        f"with p as (select {kind} as kind, count(distinct user_email) as people"
        " from {{ ref('vw_people_monthly') }} where user_email <> 'unattributed' group by 1)"
        " select kind as who, people from p",
    )
    source, findings = drawn(hiding, tmp_path, chart)
    assert not findings, findings
    (one,) = source.dashboard.charts
    rows = base.rows(sql_of(source.dashboard, one, TODAY))
    assert {kind for kind, _ in rows} <= {"known", "unknown"}
    assert not one.lists_hidden_people


NAME_OF_PERSON = re.compile(r"\bname of the .*\b(person|owner|manager|employee)\b", re.IGNORECASE)


def test_every_name_of_a_person_in_the_marts_is_hidden(hiding: Catalog) -> None:
    names = {
        column.name
        for model in hiding.models.values()
        for column in model.columns.values()
        if column.kind == "text" and NAME_OF_PERSON.search(column.description)
    }
    assert {"full_name", "owner_name", "technical_account_manager_name"} <= names
    for name in names:
        assert is_hidden(name), name
        assert f"case when {name} not in (" in HIDDEN.pseudonym(name), name


def test_accounts_are_listed_whoever_owns_them(base: Warehouse, hiding: Catalog, tmp_path) -> None:
    chart = (
        "type: table, model: vw_revops_accounts, limit: 2,"
        " columns: [account_name, owner_name, sum(teams)]"
    )
    source, findings = drawn(hiding, tmp_path, chart)
    assert not findings, findings
    (one,) = source.dashboard.charts
    rows = base.rows(sql_of(source.dashboard, one, TODAY))
    assert [bool(re.fullmatch("person [0-9a-f]{8}", owner)) for _, owner, _ in rows] == [True] * 2
    assert not any(account.startswith("person ") for account, *_ in rows)


def test_an_annotation_that_names_somebody_has_a_pseudonym(hiding: Catalog, tmp_path) -> None:
    source, _ = drawn(hiding, tmp_path, of_model("team", "sum(effective_cost_usd)"))
    with duckdb.connect() as connection:
        connection.execute(f"create schema {MARTS}")
        connection.execute(
            f"create table {MARTS}.dim_annotations as select * from (values"
            " (date '2026-11-01', null, 'ann.bell@example.com left, key revoked'),"
            " (date '2026-11-01', null, 'key of <ann@example.com>'),"
            " (date '2026-11-01', null, 'nobody @ claude_code_key_ann.bell_x1y2'),"
            " (date '2026-11-02', 'cursor', 'Cursor: 40 seats @ $32.50'))"
            " as t (annotation_date, platform_code, annotation)"
        )
        listed = Annotations(connection).listed(source.dashboard)
    *hidden, shown = listed
    assert all(re.fullmatch("(person|key) [0-9a-f]{8}", one["text"]) for one in hidden)
    assert shown == {"day": "2026-11-02", "platform": "cursor", "text": "Cursor: 40 seats @ $32.50"}


def test_a_pseudonym_is_not_made_from_the_address_alone() -> None:
    def of(salt: str) -> str:
        sql = People(frozenset(), 5, salt).pseudonym("'a@example.com'")
        return duckdb.sql(f"select {sql}").fetchall()[0][0]

    assert of("one") == of("one") != of("two")


def test_pages_hold_no_address_but_those_that_may_show_people(
    base: Warehouse, hiding: Catalog, tmp_path
) -> None:
    sources, findings = load(hiding)
    assert not findings
    settings = Settings(duckdb_path=base.path, _env_file=None)
    assert preview(settings, sources, tmp_path) == []
    pages = {page.stem: unpacked(page.read_text()) for page in tmp_path.glob("*.html")}
    # With it, whoever knows the addresses makes the pseudonyms again.
    assert [name for name, text in pages.items() if SALT in text] == []
    assert "CONCAT('secret', " in pages["knowledge_work"]
    sizes = (tmp_path / SIZES).read_text()
    assert SALT not in sizes
    assert "person" not in sizes
    assert "person" not in pages
    # The explorer has nothing of a pseudonym that is clicked.
    charts = data_of((tmp_path / "engineering.html").read_text())["charts"].values()
    people = [one for chart in charts for one in chart["fields"] if one["name"] == "user_email"]
    assert {one["column"] for one in people} == {None}
    naming = {name for name, text in pages.items() if "@example.com" in text}
    assert naming == {"cost_explorer"}
    shown = {name for name, text in pages.items() if re.search(r"person [0-9a-f]{8}", text)}
    assert {"engineering", "knowledge_work", "risk"} <= shown
    full_names = base.rows(
        "select full_name from marts.dim_users where user_email like '%@%'"
        " and full_name is not null union select owner_name from marts.dim_accounts"
        " where owner_name is not null"
    )
    assert len(full_names) > 20
    others = "".join(text for name, text in pages.items() if name != "cost_explorer")
    assert [name for (name,) in full_names if name in others] == []
    # Keys are named after people.
    local_parts = base.rows(
        "select distinct split_part(user_email, '@', 1) from marts.dim_users"
        " where user_email like '%@example.com'"
    )
    assert len(local_parts) > 20
    assert [name for (name,) in local_parts if name in others] == []
    assert re.search(r"key [0-9a-f]{8}", pages["api_consumption"])
    assert "nightly-pipeline" in pages["api_consumption"]
    by_key = r'"name":"key","label":"[^"]*","type":"search"'
    assert {name for name, text in pages.items() if re.search(by_key, text)} == {"cost_explorer"}


def unpacked(html: str) -> str:
    """A page with its data as text."""
    packed = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)
    return html + gzip.decompress(base64.b64decode(packed[1])).decode() if packed else html


def data_of(html: str) -> dict:
    return json.loads(unpacked(html).removeprefix(html))


def test_the_settings_say_who_is_shown_where() -> None:
    def people(**given: str) -> People:
        return People.of(Settings(**given, privacy_key="k" * 32, _env_file=None))

    assert not people().are_hidden_on("finance")
    some = people(dashboards_with_people="cost_explorer, risk", dashboards_smallest_group="7")
    assert [some.are_hidden_on(key) for key in ("risk", "finance")] == [False, True]
    assert some.smallest == 7
    nowhere = people(dashboards_with_people="none")
    assert nowhere.shown_on == frozenset()
    assert nowhere.are_hidden_on("risk")
    with pytest.raises(ValueError, match="needs PRIVACY_KEY"):
        Settings(dashboards_with_people="none", _env_file=None)


def test_a_dashboard_that_is_not_there_is_named(tmp_path) -> None:
    people = People(frozenset({"finanse"}), 5, "salt")
    _, findings = load(Catalog(base_company.parsed() / "manifest.json", people))
    assert "names finanse: did you mean finance?" in str(findings[0])
