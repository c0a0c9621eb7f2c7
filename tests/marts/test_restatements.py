"""What vendors billed for a day, as it was known on any date, and what they changed since.

One warehouse is built yesterday, and goes through revisions today; each test is the next run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from sandbox.server import Running, running
from tests.marts.warehouse import MODELS_ONLY, Warehouse
from tools.base_company import COMPANY, at

# The base company was built then, and a day has passed since.
YESTERDAY: date = COMPANY["today"]
TODAY = YESTERDAY + timedelta(days=1)
REVISED, EMPTIED = TODAY - timedelta(days=4), TODAY - timedelta(days=5)

# What vendors reported, when, and what of it is in the facts.
BUILT = ("+fct_cost_restatements", "+rollup_cost_ties")

Amounts = dict[tuple[str, str, date], Decimal]


@dataclass
class Life:
    """`reported` is what the marts held after each run."""

    warehouse: Warehouse
    sandbox: Running
    reported: list[Amounts] = field(default_factory=list)

    def run(self) -> None:
        with at(TODAY):
            self.warehouse.extract(sources=["anthropic", "cursor"], until=YESTERDAY)
        self.build()

    def build(self) -> None:
        self.warehouse.build(*MODELS_ONLY, "--select", *BUILT, as_of=TODAY)
        self.tell()

    def tell(self) -> None:
        self.reported.append(amounts(self.warehouse, "cost_date", "intermediate.rollup_cost_ties"))

    def as_of(self, day: date) -> Amounts:
        return amounts(self.warehouse, "window_date", f"marts.cost_as_of(date '{day}')")

    def restatements(self, columns: str) -> list[tuple[Any, ...]]:
        return self.warehouse.rows(
            f"select {columns} from marts.fct_cost_restatements order by window_date, organization"
        )


def amounts(warehouse: Warehouse, day: str, table: str) -> Amounts:
    """Dollars by vendor, organization and day, without the days that have none."""
    rows = warehouse.rows(
        f"select vendor, organization, {day}, sum(reported_usd) from {table} group by 1, 2, 3"
    )
    return {(vendor, company, on): usd for vendor, company, on, usd in rows if usd}


@pytest.fixture(scope="module")
def life(base: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """The base company as it was found, and built, yesterday."""
    with running(**COMPANY) as sandbox:
        folder = tmp_path_factory.mktemp("restatements")
        life = Life(Warehouse.copy_of(base.path, folder, sandbox.env), sandbox)
        life.tell()
        yield life


def test_what_is_known_now_is_what_vendors_report(life: Life) -> None:
    assert life.reported[0]
    assert life.as_of(YESTERDAY) == life.as_of(TODAY) == life.reported[0]
    assert life.as_of(YESTERDAY - timedelta(days=1)) == {}
    assert life.restatements("*") == []


def test_a_revision_shows_with_its_amounts_and_yesterday_stays_as_it_was(life: Life) -> None:
    revised = {"vendor": "anthropic", "date": str(REVISED), "factor": "1.25"}
    life.sandbox.control({"revise": revised})
    life.run()
    assert life.as_of(TODAY) == life.reported[1] != life.reported[0]
    assert life.as_of(YESTERDAY) == life.reported[0]
    changed = {key for key, usd in life.reported[1].items() if life.reported[0].get(key) != usd}
    assert {day for _, _, day in changed} == {REVISED}
    found = life.restatements(
        "vendor, organization, window_date, first_amount_usd, previous_amount_usd,"
        " current_amount_usd"
    )
    in_force = life.restatements("is_in_force")
    now = [row for row, (counts,) in zip(found, in_force, strict=True) if counts]
    assert {row[:3] for row in now} == changed
    for *key, first, previous, current in now:
        assert first == previous == life.reported[0][tuple(key)]
        assert current == life.reported[1][tuple(key)] == first * Decimal("1.25")


def test_a_day_that_is_revised_again_keeps_its_first_amount(life: Life) -> None:
    revised = {"vendor": "anthropic", "date": str(REVISED), "factor": "0.5"}
    life.sandbox.control({"revise": revised})
    life.run()
    found = life.restatements(
        "vendor, organization, window_date, first_amount_usd, previous_amount_usd,"
        " current_amount_usd, change_usd, versions, restatements, is_in_force"
    )
    now = [row[:-1] for row in found if row[-1]]
    assert now
    for vendor, organization, day, first, previous, current, change, versions, times in now:
        key = (vendor, organization, day)
        assert [first, previous, current] == [reported[key] for reported in life.reported]
        assert change == current - first
        assert (versions, times) == (3, 2)


def test_a_day_that_the_vendor_emptied_is_restated_to_zero(life: Life) -> None:
    life.sandbox.control({"empty": {"vendor": "cursor", "date": str(EMPTIED)}})
    life.run()
    first, current, after = next(
        row[1:]
        for row in life.restatements(
            "resource, first_amount_usd, current_amount_usd, records_after"
        )
        if row[0] == "usage_events"
    )
    assert first == life.reported[0]["cursor", "cursor", EMPTIED] > 0
    assert (current, after) == (0, 0)
    assert life.as_of(TODAY) == life.reported[-1]
    assert life.as_of(YESTERDAY) == life.reported[0]


def test_a_run_that_finds_nothing_new_has_no_new_version(life: Life) -> None:
    before = life.warehouse.rows("select * from marts.fct_cost_versions order by all")
    life.run()
    assert life.warehouse.rows("select * from marts.fct_cost_versions order by all") == before


def test_a_load_that_is_not_complete_is_not_known(life: Life) -> None:
    before = life.as_of(TODAY)
    with duckdb.connect(str(life.warehouse.path)) as connection:
        connection.execute(
            "insert into raw_cursor.usage_events by name select * replace"
            " ('1.5' as _dlt_load_id, _dlt_id || 'x' as _dlt_id) from raw_cursor.usage_events"
        )
    refreshed = ("--full-refresh", "--select", "fct_cost_versions", "fct_cost_restatements")
    life.warehouse.build(*MODELS_ONLY, *refreshed, as_of=TODAY)
    assert life.as_of(TODAY) == before


def test_versions_in_force_and_restatements_pass_their_tests(life: Life) -> None:
    life.build()
    tested = ("fct_cost_versions", "fct_cost_restatements", "rollup_cost_ties")
    tested += ("versions_in_force_tie_to_what_vendors_report",)
    tested += ("--exclude-resource-type", "unit_test")
    life.warehouse.build("--select", *tested, command="test", as_of=TODAY)


def test_all_of_it_is_what_a_full_refresh_would_build(life: Life) -> None:
    tables = ("fct_cost_versions", "fct_cost_restatements")
    rows = [life.warehouse.rows(f"select * from marts.{name} order by all") for name in tables]
    again = ("stg_anthropic__cost_versions", "stg_cursor__cost_versions", *tables)
    life.warehouse.build(*MODELS_ONLY, "--full-refresh", "--select", *again, as_of=TODAY)
    assert rows == [
        life.warehouse.rows(f"select * from marts.{name} order by all") for name in tables
    ]
