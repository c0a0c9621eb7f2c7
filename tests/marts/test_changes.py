"""What the past does when vendors revise it and people edit the sheets.

One warehouse lives through a few days; each test is the next run of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from sandbox.server import Running, running
from tests.marts.warehouse import FACTS, Warehouse

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
UNMAPPED = "user_email = 'unattributed' and api_key_id like 'apikey%'"

# Tables that runs add to, beside the facts.
SHAPED_BY_RUNS = (
    "staging.base_cursor__windows",
    "staging.base_google_sheets__windows",
    "staging.base_cursor__members",
    "staging.base_google_sheets__employees",
    "staging.base_google_sheets__email_aliases",
    "staging.base_google_sheets__api_key_mappings",
    "staging.base_google_sheets__seat_plans",
    "intermediate.int_attribution_rules",
    "intermediate.int_costs_by_month",
    "intermediate.int_usages_by_month",
    "intermediate.int_active_days_by_month",
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

Living = tuple[Warehouse, Running]


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A small company as it was found yesterday."""
    with running(people=20, days=45, today=YESTERDAY, rate_limits=False) as sandbox:
        warehouse = Warehouse(tmp_path_factory.mktemp("changes"), sandbox.env)
        warehouse.extract("--until", str(YESTERDAY))
        warehouse.build(as_of=str(YESTERDAY))
        yield warehouse, sandbox


def run(warehouse: Warehouse, as_of: date = TODAY) -> None:
    warehouse.extract("--until", str(as_of))
    warehouse.build(as_of=str(as_of))


def cost(warehouse: Warehouse, where: str) -> Decimal:
    total = warehouse.value(
        f"select coalesce(sum(list_cost_usd), 0) from marts.fct_cost_daily where {where}"
    )
    assert isinstance(total, Decimal)
    return total


def sheet_rows(warehouse: Warehouse, tab: str) -> list[list[str]]:
    """A tab as it was last landed, with its header."""
    columns = [
        name
        for (name,) in warehouse.rows(
            f"select unnest(json_keys(payload)) from (select * from raw_google_sheets.{tab}"
            " limit 1)"
        )
        if name != "_row"
    ]
    picked = ", ".join(f"payload ->> '$.{name}'" for name in columns)
    newest = (
        f"(select load_id from staging.base_google_sheets__windows where resource = '{tab}'"
        " order by loaded_at desc limit 1)"
    )
    rows = warehouse.rows(
        f"select {picked} from raw_google_sheets.{tab} where _dlt_load_id = {newest}"
        " order by cast(payload ->> '$._row' as integer)"
    )
    return [columns, *(list(row) for row in rows)]


def test_a_second_run_with_nothing_new_changes_no_row(living: Living) -> None:
    warehouse, _ = living
    before = warehouse.facts()
    landed = warehouse.value("select count(*) from raw_cursor.usage_events")
    run(warehouse, YESTERDAY)
    assert warehouse.facts() == before
    assert warehouse.value("select count(*) from raw_cursor.usage_events") == landed
    # The days were asked for again, which is all that says so.
    assert warehouse.rows(
        "with newest as (select * from intermediate.build_log"
        " qualify row_number() over (partition by model_name order by rowid desc) = 1)"
        " select model_name from newest where first_day is not null or last_day is not null"
    ) == [("fct_data_quality_daily",)]


def test_a_new_day_adds_its_rows_and_touches_no_other_usage(living: Living) -> None:
    warehouse, sandbox = living
    before = warehouse.facts("source not in ('seat_plans')")
    sandbox.control({"today": str(TODAY)})
    run(warehouse)
    after = warehouse.facts("source not in ('seat_plans')")
    for table, day in FACTS.items():
        assert len(after[table]) > len(before[table])
        earlier = f"source not in ('seat_plans') and {day} < date '{YESTERDAY - timedelta(2)}'"
        assert [row for row in before[table] if row[0] < YESTERDAY - timedelta(2)] == (
            warehouse.rows(f"select * from {table} where {earlier} order by all")
        )


def test_a_revised_day_replaces_its_values_and_keeps_the_old_ones_in_raw(living: Living) -> None:
    warehouse, sandbox = living
    day = TODAY - timedelta(days=4)
    on_day = f"cost_date = date '{day}' and source = 'analytics_cost'"
    elsewhere = warehouse.rows(
        f"select * from marts.fct_cost_daily where not ({on_day}) order by all"
    )
    old = cost(warehouse, on_day)
    sandbox.control({"revise": {"vendor": "anthropic", "date": str(day), "factor": "1.25"}})
    run(warehouse)
    assert cost(warehouse, on_day) == old * Decimal("1.25")
    assert elsewhere == warehouse.rows(
        f"select * from marts.fct_cost_daily where not ({on_day}) order by all"
    )
    versions = warehouse.value(
        "select count(distinct _dlt_load_id) from raw_anthropic.analytics_cost"
        " where window_start = ? and organization = 'console'",
        day,
    )
    assert versions == 2


def test_a_day_that_the_vendor_emptied_is_empty(living: Living) -> None:
    warehouse, sandbox = living
    day = TODAY - timedelta(days=5)
    on_day = f"cost_date = date '{day}' and source = 'usage_events'"
    assert cost(warehouse, on_day) > 0
    sandbox.control({"empty": {"vendor": "cursor", "date": str(day)}})
    run(warehouse)
    assert warehouse.value(f"select count(*) from marts.fct_cost_daily where {on_day}") == 0
    assert warehouse.value(
        "select count(*) from raw_cursor.usage_events where window_start = ?", day
    )


def test_a_backfill_over_days_that_are_there_changes_nothing(living: Living) -> None:
    warehouse, _ = living
    before = warehouse.facts()
    since = TODAY - timedelta(days=40)
    warehouse.extract("--since", str(since), "--until", str(TODAY - timedelta(days=10)))
    warehouse.build()
    assert warehouse.facts() == before


def test_a_mapping_added_today_attributes_the_past_and_touches_nothing_else(
    living: Living,
) -> None:
    warehouse, sandbox = living
    key, unattributed = warehouse.rows(
        f"select api_key_id, sum(list_cost_usd) from marts.fct_cost_daily where {UNMAPPED}"
        " group by 1 order by 2 desc limit 1"
    )[0]
    person = warehouse.value("select min(user_email) from marts.dim_users where is_active")
    others = warehouse.facts(f"api_key_id != '{key}'")
    rows = sheet_rows(warehouse, "api_key_mappings")
    values = {"api_key_id": key, "email": f" {person.upper()} ", "platform": "claude_api"}
    sandbox.control(
        {
            "sheet": {
                "tab": "api_key_mappings",
                "rows": [*rows, [values.get(column, "") for column in rows[0]]],
            }
        }
    )
    run(warehouse)
    assert warehouse.facts(f"api_key_id != '{key}'") == others
    attributed = warehouse.rows(
        "select user_email, attribution_method, attribution_confidence, sum(list_cost_usd)"
        f" from marts.fct_cost_daily where api_key_id = '{key}' group by 1, 2, 3"
    )
    assert attributed == [(person, "key_mapping", Decimal("0.95"), unattributed)]


def test_a_mapping_that_ends_attributes_until_then_only(living: Living) -> None:
    warehouse, sandbox = living
    rows = sheet_rows(warehouse, "api_key_mappings")
    key = rows[-1][rows[0].index("api_key_id")]
    last_day = TODAY - timedelta(days=10)
    rows[-1][rows[0].index("valid_to")] = str(last_day)
    others = warehouse.facts(f"api_key_id != '{key}'")
    sandbox.control({"sheet": {"tab": "api_key_mappings", "rows": rows}})
    run(warehouse)
    assert warehouse.facts(f"api_key_id != '{key}'") == others
    methods = dict(
        warehouse.rows(
            f"select cost_date <= date '{last_day}', list(distinct attribution_method)"
            f" from marts.fct_cost_daily where api_key_id = '{key}' group by 1"
        )
    )
    assert methods[True] == ["key_mapping"]
    assert methods[False] != ["key_mapping"]


def test_an_alias_moves_all_days_of_an_address_to_the_person(living: Living) -> None:
    warehouse, sandbox = living
    stray, spent = warehouse.rows(
        "select user_email, sum(list_cost_usd) from marts.fct_cost_daily"
        " inner join marts.dim_users using (user_sk, user_email)"
        " where user_type = 'not_on_roster' group by 1 order by 2 desc limit 1"
    )[0]
    person = warehouse.value("select max(user_email) from marts.dim_users where is_active")
    total = cost(warehouse, "true")
    had = cost(warehouse, f"user_email = '{person}'")
    sandbox.control({"sheet": {"tab": "email_aliases", "append": [[stray.upper(), person]]}})
    run(warehouse)
    assert cost(warehouse, f"user_email = '{stray}'") == 0
    assert cost(warehouse, f"user_email = '{person}'") == had + spent
    assert cost(warehouse, "true") == total


def test_a_seat_price_that_changes_in_mid_month_changes_the_days_from_then_on(
    living: Living,
) -> None:
    warehouse, sandbox = living
    since = TODAY - timedelta(days=12)
    rows = sheet_rows(warehouse, "seat_plans")
    header = rows[0]
    cursor = next(row for row in rows if row[header.index("platform")].strip() == "cursor")
    dearer = list(cursor)
    cursor[header.index("valid_to")] = str(since - timedelta(days=1))
    dearer[header.index("valid_from")] = str(since)
    dearer[header.index("seat_price_usd")] = "80.00"
    before = warehouse.facts("source != 'seat_plans'")
    earlier = f"platform_code = 'cursor' and cost_date < date '{since}'"
    spread = "select sum(effective_cost_usd) from marts.fct_cost_daily where cost_type ="
    old = warehouse.value(f"{spread} 'subscription' and {earlier}")
    later = f"platform_code = 'cursor' and cost_date >= date '{since}'"
    old_later = warehouse.value(f"{spread} 'subscription' and {later}")
    sandbox.control({"sheet": {"tab": "seat_plans", "rows": [*rows, dearer]}})
    run(warehouse)
    assert warehouse.facts("source != 'seat_plans'") == before
    assert warehouse.value(f"{spread} 'subscription' and {earlier}") == old
    new_later = warehouse.value(f"{spread} 'subscription' and {later}")
    assert abs(new_later - 2 * old_later) < Decimal("0.000001")


def test_a_roster_row_that_is_edited_counts_from_the_day_it_was_seen(living: Living) -> None:
    warehouse, sandbox = living
    rows = sheet_rows(warehouse, "employees")
    header = rows[0]
    emails = [row[header.index("email")].strip().lower() for row in rows[1:]]
    row = next(
        row
        for row, email in zip(rows[1:], emails, strict=True)
        if emails.count(email) == 1
        and warehouse.value("select count(*) from marts.fct_cost_daily where user_email = ?", email)
    )
    email = row[header.index("email")].strip().lower()
    before = warehouse.facts()
    row[header.index("team")] = "Moon Base"
    sandbox.control({"sheet": {"tab": "employees", "rows": rows}})
    run(warehouse)
    # Seen on the day on which the roster was first seen as well: that version is replaced.
    teams = warehouse.rows(
        "select distinct team from marts.fct_cost_daily where user_email = ?", email
    )
    assert teams == [("Moon Base",)]
    others = f"user_email != '{email}'"
    assert warehouse.facts(others)["marts.fct_cost_daily"] == [
        row for row in before["marts.fct_cost_daily"] if email not in row
    ]


def test_an_emptied_mapping_tab_stops_the_run_and_leaves_the_mappings_in_force(
    living: Living,
) -> None:
    warehouse, sandbox = living
    rows = sheet_rows(warehouse, "api_key_mappings")
    before = warehouse.facts()
    sandbox.control({"sheet": {"tab": "api_key_mappings", "rows": [rows[0]]}})
    output = warehouse.extract(succeeds=False)
    assert "api_key_mappings" in output
    warehouse.build()
    assert warehouse.facts() == before
    sandbox.control({"sheet": {"tab": "api_key_mappings", "rows": rows}})


def test_all_of_it_is_what_a_full_refresh_would_build(living: Living, tmp_path: Path) -> None:
    warehouse, _ = living
    copy = Warehouse(tmp_path, warehouse.env)
    shutil.copy(warehouse.path, copy.path)
    copy.build("--full-refresh", "--exclude-resource-type", "test", "unit_test")
    assert copy.facts() == warehouse.facts()
    for table in SHAPED_BY_RUNS:
        rows = f"select * from {table} order by all"
        assert copy.rows(rows) == warehouse.rows(rows), table


def test_a_kind_of_event_that_nobody_knows_is_loud_and_its_money_is_shown(
    living: Living, tmp_path: Path
) -> None:
    warehouse, _ = living
    copy = Warehouse(tmp_path, warehouse.env)
    shutil.copy(warehouse.path, copy.path)
    # The vendor invents a kind: the events of a day that are on demand are called otherwise.
    with duckdb.connect(str(copy.path)) as connection:
        connection.execute(
            "update raw_cursor.usage_events set payload ="
            " replace(payload, '\"Usage-based\"', '\"Metered by Moonlight\"')"
        )
    copy.build("--full-refresh", "--exclude-resource-type", "test", "unit_test")
    billed = "select sum(billed_cost_usd) from marts.fct_cost_daily where source = 'usage_events'"
    assert copy.value(billed) == warehouse.value(billed)
    output = copy.build("--select", "cursor_kinds_are_known", succeeds=False)
    assert "cursor_kinds_are_known" in output
    assert copy.rows("select kind from dbt_test__audit.cursor_kinds_are_known") == [
        ("Metered by Moonlight",)
    ]
