"""Bills that are known from elsewhere: a real day, and the legacy reports next to analytics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from sandbox.server import Running, running
from tests.marts.warehouse import Warehouse
from tools.base_company import at

TODAY, REAL_DAY = date(2026, 9, 1), date(2026, 8, 17)
# The facts and what they are made of.
FACTS = ("--select", "+fct_cost_daily", "--exclude-resource-type", "test", "unit_test")
Both = tuple[Warehouse, Warehouse, Running]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The same ten days, from the analytics API and from the legacy reports."""
    with at(TODAY), running(people=20, days=40, today=TODAY, rate_limits=False) as sandbox:
        sandbox.control({"real_bill": True})
        analytics = Warehouse(tmp_path_factory.mktemp("analytics"), sandbox.env)
        legacy = Warehouse(tmp_path_factory.mktemp("legacy"), sandbox.env)
        days = {"since": date(2026, 8, 12), "until": date(2026, 8, 22)}
        analytics.extract(**days)
        analytics.build(*FACTS, as_of=TODAY)
        sandbox.control({"analytics": {"console": False}})
        legacy.extract(**days)
        legacy.build(*FACTS, as_of=TODAY)
        tested = ("--select", "+fct_cost_daily,test_type:data", "--indirect-selection", "cautious")
        legacy.build(*tested, command="test", as_of=TODAY)
        yield analytics, legacy, sandbox


@pytest.mark.parametrize("source", ["analytics_cost", "cost_report"])
def test_a_real_day_costs_what_it_really_cost(both: Both, source: str) -> None:
    warehouse = both[0] if source == "analytics_cost" else both[1]
    billed = warehouse.value(
        "select sum(billed_cost_usd) from marts.fct_cost_daily"
        " where organization = 'console' and cost_date = ? and source = ?",
        REAL_DAY,
        source,
    )
    assert billed == Decimal("3.642052")


def test_legacy_costs_are_allocated_to_the_last_digit(both: Both) -> None:
    _, legacy, sandbox = both
    held = {
        str(day): billed
        for day, billed in legacy.rows(
            "select cost_date, sum(billed_cost_usd) from marts.fct_cost_daily"
            " where source = 'cost_report' group by 1"
        )
    }
    days = sandbox.totals("2026-08-12", "2026-08-22")["anthropic"]["console"]
    assert held == {
        day: Decimal(amounts["billed"])
        for day, amounts in days.items()
        if Decimal(amounts["billed"])
    }
    methods = {
        method
        for (method,) in legacy.rows(
            "select distinct allocation_method from marts.fct_cost_daily"
            " where source = 'cost_report'"
        )
    }
    assert {"tokens", "workspace_tokens"} <= methods


def test_legacy_costs_reach_the_people_whose_keys_were_used(both: Both) -> None:
    _, legacy, _ = both
    attributed = legacy.value(
        "select sum(case when user_email != 'unattributed' then billed_cost_usd end)"
        " / sum(billed_cost_usd) from marts.fct_cost_daily where source = 'cost_report'"
    )
    assert attributed > 0.3


def test_only_one_source_counts_for_an_organization_and_day(both: Both) -> None:
    analytics, legacy, _ = both
    # Analytics are available again: they cover their days again, the others stay.
    both[2].control({"analytics": {"console": True}})
    days = {"since": date(2026, 8, 16), "until": date(2026, 8, 20)}
    legacy.extract(sources=["anthropic"], **days)
    legacy.build(*FACTS, as_of=TODAY)
    sources = dict(
        legacy.rows(
            "select cost_date, string_agg(distinct source, ' ') from marts.fct_cost_daily"
            " where organization = 'console' group by 1"
        )
    )
    for day, named in sources.items():
        is_covered = date(2026, 8, 16) <= day < date(2026, 8, 20)
        assert named == ("analytics_cost" if is_covered else "cost_report"), day
    total = "select sum(billed_cost_usd) from marts.fct_cost_daily where organization = 'console'"
    assert legacy.value(total) == analytics.value(total)


def test_a_legacy_report_that_differs_is_named_until_the_analytics_are_read_again(
    both: Both, tmp_path: Path
) -> None:
    analytics, _, sandbox = both
    warehouse = Warehouse.copy_of(analytics.path, tmp_path / "again", sandbox.env)
    days = {"since": REAL_DAY, "until": REAL_DAY + timedelta(days=1)}
    agree = ("stg_windows", "stg_anthropic__cost_records", "anthropic_costs_agree")
    sandbox.control({"analytics": {"console": False}})
    warehouse.extract(**days)
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute(
            "insert into raw_anthropic.cost_report by name select * from raw_anthropic.cost_report"
        )
    assert "anthropic_costs_agree: Got 1 result" in warehouse.build("--select", *agree, as_of=TODAY)
    sandbox.control({"analytics": {"console": True}})
    warehouse.extract(**days)
    assert warehouse.build("--select", *agree, as_of=TODAY) == ""


def test_claude_codes_own_estimate_is_never_added(both: Both) -> None:
    analytics, _, sandbox = both
    assert analytics.value("select count(*) from raw_anthropic.usage_report_claude_code") > 0
    days = sandbox.totals("2026-08-12", "2026-08-22")["anthropic"]
    reported = sum(
        Decimal(amounts["billed"])
        for organization in days.values()
        for amounts in organization.values()
    )
    assert reported == analytics.value(
        "select sum(billed_cost_usd) from marts.fct_cost_daily"
        " where vendor = 'anthropic' and cost_type != 'subscription'"
    )
