"""What happens to the past when vendors revise it and people edit the sheets.

Each change is made to a company that was built yesterday, and checked after today's run. On a pull
request all changes are made at once, since they touch different rows; `make test-all` also makes
them one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from sandbox.server import Running, running
from tests.marts.warehouse import FACTS, MODELS_ONLY, Warehouse
from tools.base_company import COMPANY, at, landed

# The base company was built then, and a day has passed since.
YESTERDAY: date = COMPANY["today"]
TODAY = YESTERDAY + timedelta(days=1)
REVISED, EMPTIED = TODAY - timedelta(days=6), TODAY - timedelta(days=7)
# Days on which nothing changes but by an edit of the sheets.
QUIET = (
    f"source != 'seat_plans' and {{day}} not in (date '{REVISED}', date '{EMPTIED}')"
    f" and {{day}} < date '{YESTERDAY - timedelta(days=2)}'"
)
QUIET_COSTS = QUIET.format(day="cost_date")
UNMAPPED = "attribution_method = 'unattributed' and api_key_id like 'apikey%'"

# Tables that runs add to, beside the facts.
SHAPED_BY_RUNS = (
    "staging.stg_windows",
    "staging.base_cursor__directories",
    "staging.base_google_sheets__directories",
    "intermediate.int_attribution_rules",
    "intermediate.rollup_costs_by_month",
    "intermediate.rollup_usages_by_month",
    "intermediate.rollup_active_days_by_month",
    "marts.fct_cost_anomalies",
    "marts.fct_cost_restatements",
    "marts.fct_cost_reconciliation",
    "marts.focus_cost_and_usage",
    "marts.vw_api_consumption",
    "marts.vw_cost_allocation_detailed",
    "marts.vw_engineering_productivity",
    "marts.vw_executive_dashboard",
    "marts.vw_knowledge_worker_productivity",
)


@dataclass
class Life:
    """A company's warehouse and its vendors."""

    warehouse: Warehouse
    sandbox: Running

    def run(self, day: date = TODAY) -> None:
        with at(day):
            self.warehouse.extract()
        self.warehouse.build(as_of=day)

    def cost(self, where: str, measure: str = "list_cost_usd") -> Decimal:
        total = self.warehouse.value(
            f"select coalesce(sum({measure}), 0) from marts.fct_cost_daily where {where}"
        )
        assert isinstance(total, Decimal)
        return total

    def facts_beside(self, touched: list[str]) -> dict[str, list[tuple]]:
        """The rows of both facts that match none of the conditions."""
        return {
            table: self.warehouse.rows(
                f"select * from {table} where not coalesce("
                f"{' or '.join(f'({condition.format(day=day)})' for condition in touched)}, false)"
                " order by all"
            )
            for table, day in FACTS.items()
        }

    def sheet(self, tab: str) -> list[list[str]]:
        """A tab as it last landed, with its header."""
        columns = [
            name
            for (name,) in self.warehouse.rows(
                f"select unnest(json_keys(payload)) from (select * from raw_google_sheets.{tab}"
                " limit 1)"
            )
            if name != "_row"
        ]
        picked = ", ".join(f"payload ->> '$.{name}'" for name in columns)
        newest = (
            "(select load_id from staging.stg_windows"
            f" where source_name = 'google_sheets' and resource = '{tab}'"
            " order by loaded_at desc limit 1)"
        )
        rows = self.warehouse.rows(
            f"select {picked} from raw_google_sheets.{tab} where _dlt_load_id = {newest}"
            " order by cast(payload ->> '$._row' as integer)"
        )
        return [columns, *(list(row) for row in rows)]

    def write(self, tab: str, rows: list[list[str]]) -> None:
        self.sandbox.control({"sheet": {"tab": tab, "rows": rows}})


@pytest.fixture
def life(base: Warehouse, tmp_path: Path) -> Iterator[Life]:
    with running(**COMPANY) as sandbox:
        yield Life(Warehouse.copy_of(base.path, tmp_path / "life", sandbox.env), sandbox)


# --- Changes: each says which rows of the facts it may touch, and then looks at them -------------

# A condition may name the day of a fact as {day}.
Change = Callable[[Life], Iterator[str]]


def a_new_day_adds_its_rows(life: Life) -> Iterator[str]:
    before = life.warehouse.facts()
    life.sandbox.control({"today": str(TODAY)})
    # Cursor and Claude Code revise their newest days.
    yield f"{{day}} >= date '{YESTERDAY - timedelta(days=2)}' or source = 'seat_plans'"
    for table, day in FACTS.items():
        newest = life.warehouse.value(f"select max({day}) from {table}")
        assert newest == YESTERDAY
        assert max(row[0] for row in before[table]) < YESTERDAY


def a_revised_day_replaces_its_values_and_keeps_the_old_ones_in_raw(life: Life) -> Iterator[str]:
    on_day = f"cost_date = date '{REVISED}' and source = 'analytics_cost'"
    old = life.cost(on_day)
    change = {"vendor": "anthropic", "date": str(REVISED), "factor": "1.25"}
    life.sandbox.control({"revise": change})
    yield f"{{day}} = date '{REVISED}' and vendor = 'anthropic'"
    assert life.cost(on_day) == old * Decimal("1.25")
    versions = life.warehouse.value(
        "select count(distinct _dlt_load_id) from raw_anthropic.analytics_cost"
        " where window_start = ? and organization = 'console'",
        REVISED,
    )
    assert versions == 2


def a_day_that_the_vendor_emptied_is_empty(life: Life) -> Iterator[str]:
    on_day = f"cost_date = date '{EMPTIED}' and source = 'usage_events'"
    assert life.cost(on_day) > 0
    life.sandbox.control({"empty": {"vendor": "cursor", "date": str(EMPTIED)}})
    yield f"{{day}} = date '{EMPTIED}' and vendor = 'cursor'"
    assert life.warehouse.value(f"select count(*) from marts.fct_cost_daily where {on_day}") == 0
    assert life.warehouse.value(
        "select count(*) from raw_cursor.usage_events where window_start = ?", EMPTIED
    )


def a_mapping_added_today_attributes_the_past(life: Life) -> Iterator[str]:
    key, unattributed = life.warehouse.rows(
        "select api_key_id, sum(list_cost_usd) from marts.fct_cost_daily"
        f" where {UNMAPPED} and {QUIET_COSTS}"
        " group by 1 order by 2 desc limit 1"
    )[0]
    person = life.warehouse.value("select min(user_email) from marts.dim_users where is_active")
    rows = life.sheet("api_key_mappings")
    # The other change to this tab may have been made before: what is written goes on from it.
    values = {"api_key_id": key, "email": f" {person.upper()} ", "platform": "claude_api"}
    added = [values.get(column, "") for column in rows[0]]
    life.sandbox.control({"sheet": {"tab": "api_key_mappings", "append": [added]}})
    yield f"api_key_id = '{key}'"
    attributed = life.warehouse.rows(
        "select user_email, attribution_method, attribution_confidence, sum(list_cost_usd)"
        f" from marts.fct_cost_daily where api_key_id = '{key}' and {QUIET_COSTS} group by 1, 2, 3"
    )
    assert attributed == [(person, "key_mapping", Decimal("0.95"), unattributed)]


def a_mapping_that_ends_attributes_until_then_only(life: Life) -> Iterator[str]:
    rows = life.sheet("api_key_mappings")
    header = rows[0]
    used = {
        key
        for (key,) in life.warehouse.rows(
            "select api_key_id from marts.fct_cost_daily where attribution_method = 'key_mapping'"
            f" group by 1 having min(cost_date) < date '{TODAY - timedelta(days=20)}'"
            f" and max(cost_date) > date '{TODAY - timedelta(days=5)}'"
        )
    }
    ending = next(row for row in rows if row[header.index("api_key_id")] in used)
    key, last_day = ending[header.index("api_key_id")], TODAY - timedelta(days=10)
    ending[header.index("valid_to")] = str(last_day)
    life.write("api_key_mappings", rows)
    yield f"api_key_id = '{key}'"
    methods = dict(
        life.warehouse.rows(
            f"select cost_date <= date '{last_day}', list(distinct attribution_method)"
            f" from marts.fct_cost_daily where api_key_id = '{key}' group by 1"
        )
    )
    assert methods[True] == ["key_mapping"]
    assert methods[False] != ["key_mapping"]


def an_alias_moves_all_days_of_an_address_to_the_person(life: Life) -> Iterator[str]:
    stray, spent = life.warehouse.rows(
        "select user_email, sum(list_cost_usd) from marts.fct_cost_daily"
        " inner join marts.dim_users using (user_sk, user_email)"
        f" where employment_type = 'not_on_roster' and {QUIET_COSTS}"
        " group by 1 order by 2 desc limit 1"
    )[0]
    person = life.warehouse.value("select max(user_email) from marts.dim_users where is_active")
    total = life.cost(QUIET_COSTS)
    had = life.cost(f"user_email = '{person}' and {QUIET_COSTS}")
    life.sandbox.control({"sheet": {"tab": "email_aliases", "append": [[stray.upper(), person]]}})
    yield f"user_email in ('{stray}', '{person}')"
    assert life.cost(f"user_email = '{stray}'") == 0
    assert life.cost(f"user_email = '{person}' and {QUIET_COSTS}") == had + spent
    assert life.cost(QUIET_COSTS) == total


def a_seat_price_that_changes_in_mid_month_changes_the_days_from_then_on(
    life: Life,
) -> Iterator[str]:
    since = TODAY - timedelta(days=12)
    rows = life.sheet("seat_plans")
    header = rows[0]
    cursor = next(row for row in rows if row[header.index("platform")].strip() == "cursor")
    dearer = list(cursor)
    cursor[header.index("valid_to")] = str(since - timedelta(days=1))
    dearer[header.index("valid_from")] = str(since)
    dearer[header.index("seat_price_usd")] = "80.00"
    seats = f"cost_type = 'subscription' and platform_code = 'cursor' and cost_date < '{YESTERDAY}'"
    earlier, later = f"cost_date < date '{since}'", f"cost_date >= date '{since}'"
    old = life.cost(f"{seats} and {earlier}", "effective_cost_usd")
    old_later = life.cost(f"{seats} and {later}", "effective_cost_usd")
    life.write("seat_plans", [*rows, dearer])
    yield "source = 'seat_plans'"
    assert life.cost(f"{seats} and {earlier}", "effective_cost_usd") == old
    new_later = life.cost(f"{seats} and {later}", "effective_cost_usd")
    assert abs(new_later - 2 * old_later) < Decimal("0.000001")


def a_roster_row_that_is_edited_counts_from_the_day_it_was_seen(life: Life) -> Iterator[str]:
    rows = life.sheet("employees")
    header = rows[0]
    emails = [row[header.index("email")].strip().lower() for row in rows[1:]]
    # In the middle of the alphabet: other changes take the first and the last person.
    row = next(
        row
        for row, email in sorted(zip(rows[1:], emails, strict=True), key=lambda pair: pair[1])[8:]
        if emails.count(email) == 1
        and life.cost(f"user_email = '{email}' and cost_date = date '{YESTERDAY - timedelta(3)}'")
    )
    email = row[header.index("email")].strip().lower()
    old = row[header.index("team")]
    row[header.index("team")] = "Moon Base"
    life.write("employees", rows)
    yield f"user_email = '{email}' and {{day}} >= date '{TODAY}'"
    versions = (
        "select team, valid_from from marts.dim_users where user_email = ? order by valid_from"
    )
    (*_, (before, _), last) = life.warehouse.rows(versions, email)
    assert (before, last) == (old, ("Moon Base", TODAY))
    # A second edit on the same day replaces what was seen first.
    row[header.index("team")] = "Mars Base"
    life.write("employees", rows)
    with at(TODAY):
        life.warehouse.extract(sources=["google_sheets"])
    life.warehouse.build(*MODELS_ONLY, "--select", "+dim_users", as_of=TODAY)
    (*_, (before, _), last) = life.warehouse.rows(versions, email)
    assert (before, last) == (old, ("Mars Base", TODAY))


# Changes that rewrite a tab come before changes that add to it.
CHANGES: list[Change] = [
    a_mapping_that_ends_attributes_until_then_only,
    a_mapping_added_today_attributes_the_past,
    a_revised_day_replaces_its_values_and_keeps_the_old_ones_in_raw,
    a_day_that_the_vendor_emptied_is_empty,
    an_alias_moves_all_days_of_an_address_to_the_person,
    a_seat_price_that_changes_in_mid_month_changes_the_days_from_then_on,
    a_new_day_adds_its_rows,
    a_roster_row_that_is_edited_counts_from_the_day_it_was_seen,
]


def make(changes: list[Change], life: Life) -> None:
    """Make changes, run, and look at the rows that they may touch and at all others."""
    made = [change(life) for change in changes]
    touched = [next(change) for change in made]
    # Whatever else happens, one more day of seats is over.
    touched.append(f"source = 'seat_plans' and {{day}} >= date '{YESTERDAY}'")
    before = life.facts_beside(touched)
    life.run()
    assert life.facts_beside(touched) == before
    for change in made:
        assert next(change, "looked at") == "looked at"


@pytest.mark.nightly
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_by_itself_touches_its_rows_only(life: Life, change: Change) -> None:
    make([change], life)


# --- All at once, and what comes after -----------------------------------------------------------


@pytest.fixture(scope="module")
def lived(base: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    with running(**COMPANY) as sandbox:
        folder = tmp_path_factory.mktemp("lived")
        yield Life(Warehouse.copy_of(base.path, folder, sandbox.env), sandbox)


def test_changes_made_at_once_touch_their_rows_only(lived: Life) -> None:
    make(CHANGES, lived)


def test_landing_the_same_again_changes_no_row(lived: Life) -> None:
    """An ordinary run, a backfill over days that exist, and a tab that somebody emptied, which
    stops the run of the sheets and keeps their last version in force."""
    warehouse = lived.warehouse
    before = warehouse.facts()
    lived.run()
    for listed in ("int_changed_windows", "int_changed_days", "int_changed_revops_days"):
        assert not warehouse.rows(f"select * from intermediate.{listed}"), listed
    events = "select count(*) from raw_cursor.usage_events"
    landed = warehouse.value(events)
    mappings = lived.sheet("api_key_mappings")
    with at(TODAY):
        since, until = TODAY - timedelta(days=40), TODAY - timedelta(days=10)
        warehouse.extract(since=since, until=until)
        lived.write("api_key_mappings", mappings[:1])
        report = warehouse.extract(succeeds=False)
        lived.write("api_key_mappings", mappings)
    assert any(
        "api_key_mappings" in error for source in report.sources for error in source.all_errors()
    )
    assert warehouse.value(events) == landed
    warehouse.build(as_of=TODAY)
    assert warehouse.facts() == before


def test_all_of_it_is_what_a_full_refresh_would_build(lived: Life, tmp_path: Path) -> None:
    copy = Warehouse.copy_of(lived.warehouse.path, tmp_path)
    copy.build(*MODELS_ONLY, "--full-refresh", as_of=TODAY)
    assert copy.facts() == lived.warehouse.facts()
    for table in SHAPED_BY_RUNS:
        rows = f"select * from {table} order by all"
        assert copy.rows(rows) == lived.warehouse.rows(rows), table


def test_an_unknown_kind_of_event_is_named_by_the_first_build_however_old_it_is(
    base: Warehouse, tmp_path: Path
) -> None:
    first = Warehouse.copy_of(landed(), tmp_path)
    # The vendor invents a kind: the events that were on demand until 51 days ago are called
    # otherwise.
    with duckdb.connect(str(first.path)) as connection:
        connection.execute(
            "update raw_cursor.usage_events set payload ="
            " replace(payload, '\"Usage-based\"', '\"Metered by Moonlight\"')"
            f" where window_start <= date '{TODAY - timedelta(days=51)}'"
        )
    output = first.build("--select", "+fct_cost_daily", "+int_unknown_charges", succeeds=False)
    assert "charges_are_known" in output
    assert first.rows("select kind from dbt_test__audit.charges_are_known") == [
        ("Metered by Moonlight",)
    ]
    billed = "select sum(billed_cost_usd) from marts.fct_cost_daily where source = 'usage_events'"
    assert first.value(billed) == base.value(billed)
    # No test of a first build begins with the days that vendors may still revise.
    recent = f"date '{TODAY - timedelta(days=35)}'"
    tests = [
        path
        for path in (tmp_path / "target" / "compiled").rglob("*.sql")
        if ".yml" in str(path) or "/tests/" in str(path)
    ]
    assert tests
    assert [path.name for path in tests if recent in path.read_text()] == []
