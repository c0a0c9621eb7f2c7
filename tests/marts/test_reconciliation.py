"""Invoices compared with the marts: as the sample company enters them, and after somebody edits
them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from sandbox.server import Running, running
from tests.marts.warehouse import MODELS_ONLY, Warehouse
from tools.base_company import COMPANY, TODAY, at

OCTOBER = date(2026, 10, 1)
Built = tuple[Warehouse, Running]


@pytest.fixture(scope="module")
def built(base: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The base company, with the invoice of its one whole month."""
    with running(**COMPANY) as sandbox, at(TODAY):
        folder = tmp_path_factory.mktemp("reconciliation")
        warehouse = Warehouse.copy_of(base.path, folder, sandbox.env)
        warehouse.build("--select", "invoices_match_the_marts", command="test")
        yield warehouse, sandbox


def of_october(warehouse: Warehouse, columns: str) -> dict[str, tuple]:
    """Columns of October's rows, by platform."""
    rows = warehouse.rows(
        f"select platform_code, {columns} from marts.fct_cost_reconciliation where month = ?",
        OCTOBER,
    )
    return {row[0]: row[1:] for row in rows}


def test_every_month_holds_what_the_marts_bill_and_what_vendors_reported(built: Built) -> None:
    warehouse, _ = built
    held = warehouse.rows(
        "select month, sum(marts_usd), sum(reported_usd) from marts.fct_cost_reconciliation"
        " group by 1 order by 1"
    )
    billed = warehouse.rows(
        "select invoice_month, sum(billed_cost_usd),"
        " sum(case when source != 'seat_plans' then billed_cost_usd else 0 end)"
        " from marts.fct_cost_daily where cost_date >= '1900-01-01' group by 1 order by 1"
    )
    assert held == billed
    assert len(held) >= 3


def dollars_in(text: str) -> Decimal:
    """$1,914.30 as a number."""
    return Decimal(text.replace("$", "").replace(",", ""))


def test_the_invoice_that_is_too_high_is_the_only_disputed_one(built: Built) -> None:
    warehouse, _ = built
    statuses = of_october(warehouse, "reconciliation_status, invoice_difference_usd, reason")
    assert {name for name, row in statuses.items() if row[0] == "disputed"} == {"cursor"}
    assert {name for name, row in statuses.items() if row[0] == "reconciled"} == (
        statuses.keys() - {"cursor"}
    )
    assert len(statuses) > 5
    _, difference, reason = statuses["cursor"]
    ((invoiced, marts, warned),) = warehouse.rows(
        "select invoiced_usd, marts_usd, difference_usd"
        " from dbt_test__audit.invoices_match_the_marts where month = ?",
        OCTOBER,
    )
    assert dollars_in(warned) == round(difference, 2) == dollars_in(invoiced) - dollars_in(marts)
    assert f"{warned} too much" in reason
    months = "select distinct reconciliation_status from marts.fct_cost_reconciliation"
    assert warehouse.rows(f"{months} where not is_complete_month") == [("pending",)]


def test_edits_of_the_sheet_are_reconciled_by_the_next_run(built: Built) -> None:
    """A credit, an invoice over the end of a month for all of a vendor, one for nothing."""
    warehouse, sandbox = built
    difference, marts = of_october(warehouse, "invoice_difference_usd, marts_usd")["cursor"]
    credit = -round(difference, 2)
    lines = [
        ["cursor", "CREDIT-1", "2026-10-01", "2026-10-31", str(credit), "paid"],
        ["anthropic", "INV-OVER", "2026-11-10", "2026-12-09", "1000.01", ""],
        ["windsurf", "INV-WIND", "2026-10-05", "2026-10-06", "7.77", "open"],
    ]
    sandbox.control({"sheet": {"tab": "invoices", "append": lines}})
    warehouse.extract(sources=["google_sheets"])
    tomorrow = TODAY + timedelta(days=1)
    warehouse.build(*MODELS_ONLY, "--select", "+fct_statement_lines", as_of=tomorrow)
    tests = ("fct_cost_reconciliation", "invoices_are_reconciled_whole")
    tests += ("invoices_are_whole_and_stand_once", "invoices_match_the_marts")
    warehouse.build("--select", *tests, command="test", as_of=tomorrow)
    rows = of_october(warehouse, "reconciliation_status, invoiced_usd, organization")
    assert rows["cursor"][:2] == ("reconciled", round(marts, 2))
    assert rows["windsurf"] == ("disputed", Decimal("7.77"), "unattributed")
    assert warehouse.value(
        "select sum(invoiced_usd) from marts.fct_cost_reconciliation where month = '2026-11-01'"
    ) == Decimal("1000.01")
    assert warehouse.value("select sum(invoiced_usd) from marts.fct_cost_reconciliation") == (
        warehouse.value("select sum(amount_usd) from intermediate.int_invoices")
    )
