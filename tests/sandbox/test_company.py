"""The company: the same for the same seed, and its past does not move with the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from sandbox.anthropic.ledger import Entry
from sandbox.anthropic.vendor import Anthropic
from sandbox.company import build_company
from sandbox.control_api import apply, vendor_totals
from sandbox.cursor.state import CursorDay
from sandbox.cursor.vendor import Cursor
from sandbox.google_sheets.tabs import TABS, default_tab
from sandbox.options import Options
from sandbox.state import Sandbox
from sandbox.vendors import build_sandbox

OPTIONS = Options(today=date(2026, 11, 21), people=40, days=120)


def cursor_day(sandbox: Sandbox, day: date) -> CursorDay:
    return sandbox.vendor(Cursor).state.day(day)


def console_day(sandbox: Sandbox, day: date) -> list[Entry]:
    return sandbox.vendor(Anthropic).state.day("console", day)


def everything(sandbox: Sandbox) -> tuple[Any, ...]:
    first, end = sandbox.today - timedelta(days=20), sandbox.today
    events = [cursor_day(sandbox, first + timedelta(days=i)).records for i in range(20)]
    sheets = [default_tab(sandbox, name) for name in TABS]
    return sandbox.company, events, vendor_totals(sandbox, first, end), sheets


def test_the_same_seed_gives_the_same_company_and_another_seed_another() -> None:
    young = replace(OPTIONS, people=20, days=40)
    first = everything(build_sandbox(young))
    assert everything(build_sandbox(young)) == first
    for part, other in zip(first, everything(build_sandbox(replace(young, seed=8))), strict=True):
        assert part != other


def test_the_company_ends_yesterday() -> None:
    sandbox = build_sandbox(OPTIONS)
    assert cursor_day(sandbox, OPTIONS.today - timedelta(days=1)).records
    assert not cursor_day(sandbox, OPTIONS.today).records
    assert not console_day(sandbox, OPTIONS.today)


def test_a_day_does_not_depend_on_the_days_read_before_it() -> None:
    day = date(2026, 11, 12)
    forwards, at_once = build_sandbox(OPTIONS), build_sandbox(OPTIONS)
    for i in range(30):
        cursor_day(forwards, day - timedelta(days=30 - i))
        console_day(forwards, day - timedelta(days=30 - i))
    assert cursor_day(forwards, day) == cursor_day(at_once, day)
    assert console_day(forwards, day) == console_day(at_once, day)


def test_moving_the_clock_adds_days_and_changes_none() -> None:
    sandbox = build_sandbox(OPTIONS)
    first = OPTIONS.today - timedelta(days=30)
    before = vendor_totals(sandbox, first, OPTIONS.today)
    apply(sandbox, {"today": "2026-11-24"})
    after = vendor_totals(sandbox, first, OPTIONS.today)
    # Google goes on exporting rows of days that are over.
    assert after.pop("google") != before.pop("google")
    assert after == before
    added = vendor_totals(sandbox, OPTIONS.today, sandbox.today)["cursor"]["cursor"]
    assert [day for day, sums in added.items() if sums["events"] != "0"] == [
        "2026-11-21", "2026-11-22", "2026-11-23",
    ]  # fmt: skip


def test_people_join_leave_and_change_team() -> None:
    company = build_company(Options(today=date(2026, 11, 21)))
    people, start = company.people, company.options.start
    assert len(people) == 60
    assert len({person.email for person in people}) == 60
    assert sum(person.start >= start for person in people) >= 4
    assert sum(person.end is not None for person in people) >= 4
    assert sum(len(person.stints) > 1 for person in people) == 3
    assert len(company.aliases) == 2
    assert sum(not person.in_roster for person in people) == 1
    assert {person.stints[0].department for person in people} == {
        "Engineering", "Data", "Product", "Customer Success", "Operations",
    }  # fmt: skip


@pytest.mark.parametrize(("people", "days"), [(20, 1), (20, 40), (200, 35)])
def test_companies_of_other_sizes_have_all_their_sheets(people: int, days: int) -> None:
    sandbox = build_sandbox(Options(today=date(2026, 3, 3), people=people, days=days))
    for name in TABS:
        header, *rows = default_tab(sandbox, name)
        assert all(len(row) == len(header) for row in rows)
    assert len({person.email for person in sandbox.company.people}) == people


def test_more_events_a_day_give_more_events() -> None:
    day = date(2026, 11, 12)
    few = len(cursor_day(build_sandbox(OPTIONS), day).records)
    many = len(cursor_day(build_sandbox(replace(OPTIONS, events_per_day=30.0)), day).records)
    assert 7 < many / few < 14


def test_a_company_too_small_for_its_cases_is_refused() -> None:
    with pytest.raises(ValueError, match="people must be at least"):
        Options(people=5)
