"""Google's billing export in the marts: each dollar once, on its day of usage and its invoice,
whenever it was exported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.google.ledger import EUR_PER_USD
from sandbox.server import Running, running
from tests.marts.warehouse import MODELS_ONLY, Warehouse
from tools.base_company import COMPANY, TODAY, at

# A correction of CORRECTED is exported between the two runs, with the invoice of a later month.
EARLIER = date(2026, 11, 5)
CORRECTED = date(2026, 10, 3)
LATE = date(2026, 10, 20)
BUILT = (
    *("+fct_cost_restatements", "+rollup_cost_ties", "+fct_cost_reconciliation"),
    *("+int_unknown_charges", "+int_amounts_without_rate"),
)
UNKNOWN = {
    "sku": "Vertex AI: Claude tuning",
    "cost": "12.5",
    "day": str(LATE),
    "exported_at": f"{EARLIER}T21:00:00+00:00",
}


@dataclass
class Account:
    warehouse: Warehouse
    sandbox: Running

    def run(self, day: date) -> None:
        self.sandbox.control({"today": str(day)})
        with at(day):
            self.warehouse.extract()
        self.warehouse.build(*MODELS_ONLY, "--select", *BUILT, as_of=day)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self.warehouse.rows(sql)

    def days(self, amount: str = "billed_cost_usd") -> dict[str, Decimal]:
        """What AI cost by day of usage in the facts, without taxes."""
        return {
            str(day): total
            for day, total in self.ask(
                f"select cost_date, sum({amount}) from marts.fct_cost_daily"
                " where vendor = 'google' and cost_type != 'tax' group by 1"
            )
            if total
        }

    def reported(self) -> dict[str, Decimal]:
        totals = self.sandbox.totals()["google"]["google"]
        return {
            day: Decimal(sums["billed"]) for day, sums in totals.items() if sums["billed"] != "0"
        }


def account(folder: Any, **control: Any) -> Iterator[Account]:
    with running(**COMPANY) as sandbox:
        sandbox.control(control)
        env = {name: value for name, value in sandbox.env.items() if "BILLING" in name}
        yield Account(Warehouse(folder, env), sandbox)


@pytest.fixture(scope="module")
def dollars(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account that was read on two days, with a SKU on the second that nobody knows."""
    for made in account(tmp_path_factory.mktemp("dollars")):
        made.run(EARLIER)
        made.sandbox.control({"google_charge": UNKNOWN})
        made.run(TODAY)
        yield made


@pytest.fixture(scope="module")
def euros(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    for made in account(tmp_path_factory.mktemp("euros"), google_currency="EUR"):
        made.run(TODAY)
        yield made


def test_every_day_is_what_google_exported_for_it_to_the_last_digit(dollars: Account) -> None:
    held = dollars.days()
    assert held == dollars.reported()
    assert len(held) == COMPANY["days"]
    assert dollars.ask(
        "select count(*), sum(abs(difference_usd)) from intermediate.rollup_cost_ties"
        " where vendor = 'google' and difference_usd != 0"
    ) == [(0, None)]


def test_a_later_correction_changes_the_day_that_it_is_about(dollars: Account) -> None:
    ((first, current, change, versions),) = dollars.ask(
        "select first_amount_usd, current_amount_usd, change_usd, versions"
        " from marts.fct_cost_restatements"
        f" where vendor = 'google' and resource = 'costs' and window_date = '{CORRECTED}'"
    )
    assert (current - first, versions) == (change, 2)
    assert change < 0
    assert current == dollars.days()[str(CORRECTED)]
    # Until then the earlier amount was known.
    assert dollars.ask(
        f"select sum(reported_usd) from marts.fct_cost_versions where window_date = '{CORRECTED}'"
        " and vendor = 'google' and resource = 'costs' and version_number = 1"
    ) == [(first,)]
    # The correction is on the invoice of the month in which it was issued.
    ((months, november),) = dollars.ask(
        "select count(distinct invoice_month), sum(case when invoice_month = '2026-11-01'"
        f" then billed_cost_usd end) from marts.fct_cost_daily where cost_date = '{CORRECTED}'"
        " and vendor = 'google' and cost_type != 'tax'"
    )
    assert (months, november) == (2, change)


def test_taxes_are_shared_out_whole_and_only_on_ai(dollars: Account) -> None:
    held = {
        (project, month): tax
        for project, month, tax in dollars.ask(
            "select workspace_id, invoice_month, sum(billed_cost_usd) from marts.fct_cost_daily"
            " where vendor = 'google' and cost_type = 'tax' group by 1, 2"
        )
    }
    exported = {
        (project, month): tax
        for project, month, tax in dollars.ask(
            "select project_id, invoice_month, sum(billed_cost_usd)"
            " from staging.base_google__billing_rows where cost_type = 'tax' group by 1, 2"
        )
    }
    months = [date(2026, 9, 1), date(2026, 10, 1)]
    for month in months:
        # All that they use is AI.
        for project in ("ai-subscriptions", "gen-lang-client-0123456789"):
            assert held[project, month] == exported[project, month] > 0
        assert 0 < held["ml-platform-prod", month] < exported["ml-platform-prod", month]
        assert exported["web-shop-prod", month] > 0
        assert ("web-shop-prod", month) not in held
        # What rounding left names no project.
        assert -Decimal("0.003211") < held["unattributed", month] < 0
    assert {month for _, month in held} == set(months)


def test_a_tax_is_no_restatement_of_what_was_used(dollars: Account) -> None:
    counts = dict(
        dollars.ask(
            "select resource, count(*) from marts.fct_cost_versions"
            " where vendor = 'google' and window_date between '2026-09-01' and '2026-09-29'"
            " group by 1"
        )
    )
    assert counts == {"costs": 29, "taxes": 29}


def test_reconciliation_is_by_the_month_of_the_invoice(dollars: Account) -> None:
    held = dict(
        dollars.ask(
            "select month, sum(marts_usd) from marts.fct_cost_reconciliation"
            " where vendor = 'google' and report_difference_usd = 0 group by 1"
        )
    )
    invoices = dict(
        dollars.ask(
            "select invoice_month, sum(billed_cost_usd) from marts.fct_cost_daily"
            " where vendor = 'google' group by 1"
        )
    )
    days = dict(
        dollars.ask(
            "select date_trunc('month', cost_date)::date, sum(billed_cost_usd)"
            " from marts.fct_cost_daily where vendor = 'google' group by 1"
        )
    )
    assert held == invoices
    assert held != days


def test_a_sku_that_nobody_knows_is_named_with_its_money_and_counted(dollars: Account) -> None:
    assert dollars.ask(
        "select source_name, cost_date, kind, events, charged_usd"
        " from intermediate.int_unknown_charges"
    ) == [("google", LATE, "Vertex AI: Vertex AI: Claude tuning", 1, Decimal("12.5"))]
    assert dollars.ask(
        "select platform_code, is_attributed, sum(billed_cost_usd) from marts.fct_cost_daily"
        " where product = 'unknown' and cost_type != 'tax' group by 1, 2"
    ) == [("gemini", False, Decimal("12.5"))]
    said = dollars.warehouse.build(
        "--select", "charges_are_known", as_of=TODAY, command="test", succeeds=False
    )
    assert "charges_are_known" in said


def test_an_adjustment_is_named_if_it_does_not_say_what_it_corrects(
    dollars: Account, tmp_path: Path
) -> None:
    warehouse = Warehouse.copy_of(dollars.warehouse.path, tmp_path)
    rows = "staging.base_google__billing_rows"
    with duckdb.connect(str(warehouse.path)) as connection:
        for name, sku in (("of Compute Engine", "'2E27-4F75-95CD'"), ("of nothing", "null")):
            connection.execute(
                f"insert into {rows} by name select * replace ('{name}' as record_id,"
                f" 'Invoice' as service_name, '{name}' as sku_name, 'adjustment' as cost_type,"
                f" {sku} as corrected_sku_id) from {rows} order by record_id limit 1"
            )
    charged = ("--select", "google_adjustments_are_charged")
    warned = warehouse.build(*charged, command="test", as_of=TODAY)
    assert "google_adjustments_are_charged: Got 1 result" in warned


def test_a_label_that_is_no_known_cost_center_attributes_nothing_and_is_named(
    dollars: Account,
) -> None:
    """No sheet was read, so that no cost center is known."""
    assert dollars.ask(
        "select distinct attribution_method from marts.fct_cost_daily where vendor = 'google'"
    ) == [("unattributed",)]
    dollars.warehouse.build("--select", "labels_name_a_cost_center", as_of=TODAY, command="test")
    named = {
        (label_of, project, label): billed
        for label_of, _, project, label, billed in dollars.ask(
            "select * from dbt_test__audit.labels_name_a_cost_center"
        )
    }
    assert named.keys() == {
        ("project", "ai-subscriptions", "cc-1100"),
        ("request", "ml-platform-prod", "cc-2200"),
    }
    assert all(billed > 0 for billed in named.values())


def test_an_account_in_euros_is_in_dollars_by_its_own_rate(euros: Account) -> None:
    assert euros.days("billed_cost_in_currency") == euros.reported()
    converted = euros.days()
    for day, amount in euros.reported().items():
        # Each of the day's rows is cut off after twelve decimals.
        assert abs(converted[day] - amount / EUR_PER_USD) < Decimal("1e-9"), day
    assert euros.ask("select distinct billing_currency from marts.fct_cost_daily") == [("EUR",)]
    assert euros.ask("select count(*) from intermediate.int_amounts_without_rate") == [(0,)]


def test_a_day_that_is_not_over_is_not_in_the_facts(dollars: Account) -> None:
    ((last,),) = dollars.ask(
        "select max(cost_date) from marts.fct_cost_daily where vendor = 'google'"
    )
    assert last == TODAY - timedelta(days=1)
