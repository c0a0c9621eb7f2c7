"""Copilot in the marts: each dollar that GitHub bills once, with whoever had the seat or used the
credits, whatever was restated, renamed or in two organizations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.company import build_company
from sandbox.github import ledger
from sandbox.options import Options
from sandbox.server import Running, running
from tests.marts.warehouse import MODELS_ONLY, Warehouse
from tools.base_company import COMPANY, at

# Before October is final, and after.
EARLIER, LATER = date(2026, 11, 4), date(2026, 11, 8)
OF_TODAY = COMPANY | {"today": LATER, "days": 68}
BUILT = (
    *("+fct_cost_restatements", "+rollup_cost_ties", "+fct_usage_daily", "+int_unknown_charges"),
    "+stg_github__uncounted_charges",
)
RESTATED = date(2026, 10, 30)
FACTS = "select {} from marts.fct_cost_daily where vendor = 'github'"


@dataclass
class Enterprise:
    warehouse: Warehouse
    sandbox: Running

    def run(self, day: date, *arguments: str) -> None:
        self.sandbox.control({"today": str(day)})
        with at(day, hour=9):
            self.warehouse.extract()
        self.warehouse.build(*MODELS_ONLY, "--select", *BUILT, *arguments, as_of=day)

    def ask(self, columns: str, more: str = "") -> list[tuple[Any, ...]]:
        return self.warehouse.rows(f"{FACTS.format(columns)} {more}")

    def failures(self, test: str, *, warns: bool = True) -> list[tuple[Any, ...]]:
        """The rows that a data test names, which warns or fails."""
        self.warehouse.build("--select", test, command="test", as_of=LATER, succeeds=warns)
        schema = self.warehouse.value(
            "select table_schema from information_schema.tables where table_name = ?", test
        )
        return self.warehouse.rows(f"select * from {schema}.{test}")

    def totals(self) -> dict[str, dict[str, str]]:
        totals: dict[str, dict[str, str]] = self.sandbox.totals()["github"]["github"]
        return totals


@pytest.fixture(scope="module")
def enterprise(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enterprise]:
    """An enterprise that was read on two days, with a SKU on the second that nobody knows."""
    with running(**OF_TODAY) as sandbox:
        names = ("GITHUB_", "GOOGLE_SHEETS", "GOOGLE_APPLICATION")
        env = {name: value for name, value in sandbox.env.items() if name.startswith(names)}
        made = Enterprise(Warehouse(tmp_path_factory.mktemp("github"), env), sandbox)
        made.run(EARLIER)
        sandbox.control({"github_unknown_sku": str(EARLIER)})
        made.run(LATER)
        yield made


@pytest.fixture(scope="module")
def company() -> Any:
    names = {"people", "days", "today"}
    return build_company(Options(**{name: OF_TODAY[name] for name in names}))


def test_every_day_and_organization_is_what_github_bills_to_the_last_digit(
    enterprise: Enterprise,
) -> None:
    held = {
        (str(day), organization): (billed, listed)
        for day, organization, billed, listed in enterprise.ask(
            "cost_date, workspace_id, sum(billed_cost_usd), sum(list_cost_usd)", "group by 1, 2"
        )
    }
    reported = {
        (day, organization): Decimal(amounts[organization])
        for day, amounts in enterprise.totals().items()
        for organization in ledger.ORGANIZATIONS
    }
    assert {key: billed for key, (billed, _) in held.items()} == reported
    listed = {day: Decimal(amounts["list"]) for day, amounts in enterprise.totals().items()}
    for day, amount in listed.items():
        assert sum(held[day, name][1] for name in ledger.ORGANIZATIONS) == amount
    assert len(listed) == OF_TODAY["days"]
    assert enterprise.warehouse.rows(
        "select count(*), count(*) filter (difference_usd != 0) from intermediate.rollup_cost_ties"
        " where vendor = 'github'"
    ) == [(len(listed), 0)]


def test_a_month_that_is_restated_until_its_fifth_day_is_read_again(
    enterprise: Enterprise,
) -> None:
    ((first, current, versions),) = enterprise.warehouse.rows(
        "select first_amount_usd, current_amount_usd, versions from marts.fct_cost_restatements"
        f" where vendor = 'github' and window_date = '{RESTATED}'"
    )
    assert versions == 2
    # Some AI credits came late.
    assert 0 < first < current
    assert current == Decimal(enterprise.totals()[str(RESTATED)]["billed"])


def test_a_later_run_builds_what_a_full_build_has(enterprise: Enterprise, tmp_path: Any) -> None:
    before = enterprise.warehouse.facts("vendor = 'github'")
    copy = Warehouse.copy_of(enterprise.warehouse.path, tmp_path)
    copy.build(*MODELS_ONLY, "--select", *BUILT, "--full-refresh", as_of=LATER)
    after = copy.facts("vendor = 'github'")
    assert after == before
    assert all(after.values())


def test_seats_are_divided_equally_among_those_who_have_one(
    enterprise: Enterprise, company: Any
) -> None:
    for organization in ledger.ORGANIZATIONS:
        day = LATER - timedelta(days=1)
        people = [
            p for p in ledger.seated(company, day) if ledger.organization_of(p) == organization
        ]
        found = dict(
            enterprise.ask(
                "user_email, sum(billed_cost_usd)",
                f"and cost_type = 'subscription' and cost_date = '{day}'"
                f" and workspace_id = '{organization}' group by 1",
            )
        )
        gone = {ledger.unmapped(company).email}
        assert set(found) - {"unattributed"} == {p.email for p in people} - gone
        assert max(found.values()) - min(found.values()) < Decimal("0.00000001")
        assert sum(found.values()) == len(people) * Decimal("0.033333333") * 19


def test_a_person_in_two_organizations_is_counted_once(
    enterprise: Enterprise, company: Any
) -> None:
    person = ledger.guest_of_both(company)
    day = EARLIER - timedelta(days=2)
    assert len(ledger.organizations_of(company, person)) == 2
    assert enterprise.ask(
        "count(distinct workspace_id)",
        f"and user_email = '{person.email}' and cost_type = 'subscription'",
    ) == [(1,)]
    reported = [
        row["user_initiated_interaction_count"]
        for row in ledger.user_days(company, day, LATER)
        if row["user_id"] == ledger.account_id(person)
    ]
    asked = enterprise.warehouse.value(
        "select coalesce(sum(requests), 0) from marts.fct_usage_daily where vendor = 'github'"
        f" and usage_date = '{day}' and user_email = '{person.email}'"
    )
    assert (len(reported), reported[0]) == (2, asked)


def test_a_renamed_login_keeps_its_person(enterprise: Enterprise, company: Any) -> None:
    person = ledger.renamed(company)
    logins = {
        ledger.login(company, person, day)
        for day in (OF_TODAY["today"] - timedelta(days=n) for n in range(1, 60))
    }
    assert len(logins) == 2
    used = enterprise.warehouse.rows(
        "select distinct actor_user_id from intermediate.int_attributions"
        f" where user_email = '{person.email}' and attribution_method = 'vendor_account'"
    )
    assert {login for (login,) in used} == logins


def test_a_login_that_only_saml_knows_is_the_persons_with_less_confidence(
    enterprise: Enterprise, company: Any
) -> None:
    person = ledger.known_by_saml(company)
    known = enterprise.warehouse.rows(
        "select distinct attribution_method, attribution_confidence, user_email"
        f" from intermediate.int_attributions where actor_user_id = '{ledger.first_login(person)}'"
    )
    assert known == [("saml_identity", Decimal("0.9"), person.email)]


def test_a_login_that_nobody_mapped_is_unattributed_and_named(
    enterprise: Enterprise, company: Any
) -> None:
    login = ledger.first_login(ledger.unmapped(company))
    methods = enterprise.warehouse.rows(
        "select distinct attribution_method, user_email from intermediate.int_attributions"
        f" where actor_user_id = '{login}'"
    )
    assert methods == [("unattributed", None)]
    ((named, billed, listed, said),) = enterprise.failures("github_logins_are_mapped")
    assert (named, listed >= billed > 0) == (login, True)
    assert f"of the GitHub login {login} are unattributed" in said


def test_a_sku_that_nobody_knows_is_billed_and_named_with_its_money(
    enterprise: Enterprise,
) -> None:
    unknown = enterprise.warehouse.rows(
        "select kind, sum(charged_usd) from intermediate.int_unknown_charges"
        " where source_name = 'github' group by 1"
    )
    ((kind, dollars),) = unknown
    assert kind == f"copilot: {ledger.UNKNOWN}"
    assert dollars == enterprise.ask("sum(billed_cost_usd)", "and product = 'unknown'")[0][0] > 0
    (row,) = enterprise.failures("charges_are_known", warns=False)
    assert row == ("github", kind, 4, dollars, EARLIER)


def test_minutes_of_actions_are_not_counted_and_can_be_looked_up(enterprise: Enterprise) -> None:
    ((sku, dollars),) = enterprise.warehouse.rows(
        "select sku, sum(billed_cost_usd) from staging.stg_github__uncounted_charges group by 1"
    )
    assert (sku, dollars > 0) == (ledger.MINUTES, True)
    assert enterprise.ask("count(*)", "and product = 'actions'") == [(0,)]
