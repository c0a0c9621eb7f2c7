"""Bills and seats as people enter them, with the values that one works out by hand.

Cursor bills 100 dollars on 15 January 2024, 200 on 10 February and 50 on 20 February.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from foundation.erased import Erased
from foundation.settings import Settings
from pipeline import erase
from tests.bigquery import fixtures
from tests.bigquery.fixtures import Window
from tests.marts import small_company as made
from tests.marts.small_company import Marts

BILLED = {"2024-01-15": 10_000, "2024-02-10": 20_000, "2024-02-20": 5_000}
INVOICES = "platform invoice_id period_start period_end amount_usd corrects"
PLANS = "platform plan seat_price_usd billing_cycle renews_on"
ASSIGNMENTS = "platform email plan assigned_from assigned_to"


def build(marts: Marts, *names: str, members: tuple[str, ...] = (), **tabs: list[dict]) -> Marts:
    events = [
        [Window("usage_events", "cursor", day, [fixtures.event(day, "Usage-based", charged=cents)])]
        for day, cents in BILLED.items()
    ]
    sheets = [Window(name, "sheets", made.SNAPSHOTS[0], rows) for name, rows in tabs.items()]
    windows = [window for load in events for window in load]
    if members:
        listed = [fixtures.member(email, email) for email in members]
        windows.append(Window("members", "cursor", made.SNAPSHOTS[0], listed))
    return marts.build(made.company(cursor=[windows], sheets=[sheets]).loads, *names)


# Of each month what its invoices ask, by how much that differs, and the status.
BILLS = {
    "an invoice over two months": (
        ["cursor|INV-1|2024-01-01|2024-02-29|350|"],
        {"2024-01": ("100", "0", "reconciled"), "2024-02": ("250", "0", "reconciled")},
    ),
    "a credit note of the next month that names its invoice": (
        [
            "cursor|INV-1|2024-01-01|2024-01-31|110|",
            "cursor|INV-2|2024-02-01|2024-02-29|250|",
            "cursor|CREDIT-1|2024-02-05|2024-02-05|-10|inv-1",
        ],
        {"2024-01": ("100", "0", "reconciled"), "2024-02": ("250", "0", "reconciled")},
    ),
    "a credit note of the next month that names none": (
        [
            "cursor|INV-1|2024-01-01|2024-01-31|110|",
            "cursor|INV-2|2024-02-01|2024-02-29|250|",
            "cursor|CREDIT-1|2024-02-05|2024-02-05|-10|",
        ],
        {"2024-01": ("110", "10", "disputed"), "2024-02": ("240", "-10", "disputed")},
    ),
    "two invoices that overlap": (
        [
            "cursor|INV-1|2024-01-01|2024-02-15|300|",
            "cursor|INV-2|2024-02-10|2024-02-29|50|",
        ],
        {"2024-01": ("100", "0", "reconciled"), "2024-02": ("250", "0", "reconciled")},
    ),
    "two invoices that overlap and bill some days twice": (
        [
            "cursor|INV-1|2024-01-01|2024-02-15|300|",
            "cursor|INV-2|2024-02-10|2024-02-29|250|",
        ],
        # 550 dollars in proportion to 100 and 250.
        {
            "2024-01": ("157.142857142", "57.142857142", "disputed"),
            "2024-02": ("392.857142858", "142.857142858", "disputed"),
        },
    ),
}


@pytest.mark.parametrize(("lines", "expected"), BILLS.values(), ids=BILLS)
def test_invoices_are_compared_for_the_days_that_they_bill(
    marts: Marts, lines: list[str], expected: dict[str, tuple[str, str, str]]
) -> None:
    build(marts, "fct_cost_reconciliation", invoices=fixtures.tab(INVOICES, *lines))
    held = marts.rows(
        "select strftime(month, '%Y-%m'), invoiced_usd, invoice_difference_usd,"
        " reconciliation_status from marts.fct_cost_reconciliation where invoiced_usd is not null"
    )
    assert {month: (*amounts, status) for month, *amounts, status in held} == {
        month: (Decimal(asked), Decimal(difference), status)
        for month, (asked, difference, status) in expected.items()
    }


def test_a_year_of_a_seat_and_a_partial_refund_of_it_reconcile(marts: Marts) -> None:
    """Of 240 dollars for 366 days from 10 January, 50 days were used until 28 February."""
    build(
        marts,
        "fct_cost_daily",
        "fct_cost_reconciliation",
        seat_plans=fixtures.tab(PLANS, "claude_ai|pro|240|annual|"),
        seat_assignments=fixtures.tab(
            ASSIGNMENTS, "claude_ai|ann@example.com|pro|2024-01-10|2024-02-28"
        ),
        invoices=fixtures.tab(
            INVOICES,
            "claude_ai|INV-1|2024-01-10|2024-01-10|240|",
            "claude_ai|REFUND-1|2024-02-29|2024-02-29|-207.21|",
        ),
    )
    months = marts.rows(
        "select strftime(month, '%Y-%m'), round(marts_usd, 2), round(invoice_difference_usd, 2),"
        " reconciliation_status from marts.fct_cost_reconciliation"
        " where platform_code = 'claude_ai' order by 1"
    )
    assert months == [
        ("2024-01", Decimal("240.00"), Decimal("0.00"), "reconciled"),
        ("2024-02", Decimal("-207.21"), Decimal("0.00"), "reconciled"),
    ]
    (used,) = marts.rows(
        "select sum(effective_cost_usd) from marts.fct_cost_daily where platform_code = 'claude_ai'"
    )
    assert round(used[0], 2) == Decimal("32.79")


# Of January's seats, what they bill and what their days cost.
SEATS = {
    "a year bought on 15 January": ("annual|", "2024-01-15|", "240", "11.15"),
    "a year that renews on 1 January": ("annual|2023-01-01", "2024-01-15|", "230.82", "11.15"),
    "a year held before history": ("annual|", "2023-06-01|", "0", "20.33"),
    "a month from the 15th": ("monthly|", "2024-01-15|", "131.61", "131.61"),
}


@pytest.mark.parametrize(("cycle", "held", "billed", "effective"), SEATS.values(), ids=SEATS)
def test_a_seat_is_billed_when_its_cycle_begins_and_costs_its_days(
    marts: Marts, cycle: str, held: str, billed: str, effective: str
) -> None:
    build(
        marts,
        "fct_cost_daily",
        seat_plans=fixtures.tab(PLANS, f"windsurf|pro|240|{cycle}"),
        seat_assignments=fixtures.tab(ASSIGNMENTS, f"windsurf|ann@example.com|pro|{held}"),
    )
    (sums,) = marts.rows(
        "select sum(billed_cost_usd), sum(effective_cost_usd) from marts.fct_cost_daily"
        " where platform_code = 'windsurf' and strftime(cost_date, '%Y-%m') = '2024-01'"
    )
    assert tuple(round(amount, 2) for amount in sums) == (Decimal(billed), Decimal(effective))


def test_a_seat_on_a_plan_that_is_not_listed_is_named(marts: Marts) -> None:
    build(
        marts,
        "int_seat_spans",
        seat_plans=fixtures.tab(PLANS, "claude_ai|team|30|monthly|"),
        seat_assignments=fixtures.tab(
            ASSIGNMENTS,
            "claude_ai|ann@example.com|Team|2024-01-10|",
            "claude_ai|bob@example.com|Teams|2024-01-10|",
            "windsurf|cy@example.com|pro|2024-01-10|",
        ),
    )
    assert marts.rows(
        "select platform, plan, holder from intermediate.int_seat_spans"
        " where seat_price_usd is null order by all"
    ) == [("claude_ai", "teams", "bob@example.com"), ("windsurf", "pro", "cy@example.com")]


def test_what_a_sheet_says_of_nobody_known_is_shown(marts: Marts) -> None:
    build(
        marts,
        "fct_budget_monthly",
        "fct_cost_reconciliation",
        budgets=fixtures.tab(
            "scope_type scope month amount_usd",
            "department|Dta|2024-01|1000",
            "user|nobody@example.com|2024-01|7",
            "cost_center|CC-none|2024-01|5",
        ),
        invoices=fixtures.tab(INVOICES, "windsurff|INV-1|2024-01-01|2024-01-31|9|"),
    )
    assert marts.rows(
        "select scope, budget_usd, actual_cost_usd from marts.fct_budget_monthly order by 1"
    ) == [("CC-none", 5, 0), ("Dta", 1000, 0), ("nobody@example.com", 7, 0)]
    assert marts.rows(
        "select platform_code, vendor, invoiced_usd from marts.fct_cost_reconciliation"
        " where platform_code != 'cursor'"
    ) == [("windsurff", "unknown", 9)]


def test_assigned_seats_of_cursor_count_while_its_members_are_unknown(marts: Marts) -> None:
    build(
        marts,
        "int_seat_costs",
        seat_plans=fixtures.tab(PLANS, "cursor|pro|31|monthly|"),
        seat_assignments=fixtures.tab(
            ASSIGNMENTS, "cursor|ann@example.com|pro|2024-01-01|2024-01-31"
        ),
    )
    assert marts.rows("select sum(billed_cost_usd) from intermediate.int_seat_costs") == [(31,)]


def test_a_person_of_several_seats_who_is_erased_keeps_all_of_them(marts: Marts) -> None:
    old, new = "ann.old@example.com", "ann@example.com"
    names = ("fct_cost_daily", "dim_users", "dim_api_keys")
    build(
        marts,
        *names,
        members=(old, new),
        email_aliases=fixtures.tab("alias email", f"{old}|{new}"),
        seat_plans=fixtures.tab(PLANS, "cursor|pro|20|monthly|", "windsurf|pro|10|monthly|"),
        seat_assignments=fixtures.tab(
            ASSIGNMENTS, f"windsurf|{old}|pro|2024-01-01|", f"windsurf|{new}|pro|2024-02-01|"
        ),
    )
    costs = (
        "select cost_date, platform_code, attribution_method, sum(effective_cost_usd)"
        " from marts.fct_cost_daily where cost_type = 'subscription' group by all order by all"
    )
    before = marts.rows(costs)
    assert len(before) > 90
    token = erased(marts, old, *names)
    assert marts.rows(costs) == before
    assert marts.rows(
        "select distinct user_email from marts.fct_cost_daily where cost_type = 'subscription'"
    ) == [(f"erased-{token}@erased.invalid",)]


def erased(marts: Marts, email: str, *names: str) -> str:
    """Erase a person and build these models again; what the pseudonyms have in common."""
    settings, nobody = Settings(_env_file=None), Erased(b"key")
    person = erase._person(settings, marts.rows, email, nobody)
    assert erase.Erasure(settings, marts.rows, nobody).run(person, "Ada") > 0
    marts.rebuild(*names)
    return person.token


def test_a_person_of_several_accounts_who_is_erased_keeps_all_of_them(marts: Marts) -> None:
    ann = "ann@example.com"
    logins = {1: "ann", 2: "ann-dev", 3: "ann-mapped"}
    known = [
        {"user": {"databaseId": number, "login": logins[number]}, "samlIdentity": {"nameId": ann}}
        for number in (1, 2)
    ]
    github = [
        Window("saml_identities", "github", made.SNAPSHOTS[0], known),
        Window(
            "copilot_seats",
            "github",
            made.SNAPSHOTS[0],
            [fixtures.seat(login, number) for number, login in logins.items()],
        ),
    ]
    mapped = fixtures.tab("vendor account email", f"github|ann-mapped|{ann}")
    sheets = [Window("vendor_accounts", "sheets", made.SNAPSHOTS[0], mapped)]
    names = ("int_vendor_accounts", "dim_users", "dim_api_keys")
    marts.build(made.company(sheets=[sheets], github=[github]).loads, *names)
    accounts = (
        "select account_name, email, attribution_method from intermediate.int_vendor_accounts"
        " order by all"
    )
    assert [(login, ann) for login in logins.values()] == [row[:2] for row in marts.rows(accounts)]
    token = erased(marts, ann, *names)
    email = f"erased-{token}@erased.invalid"
    assert marts.rows(accounts) == [
        (f"erased-{token}", email, "saml_identity"),
        (f"erased-{token}-2", email, "saml_identity"),
        (f"erased-{token}-3", email, "vendor_account"),
    ]
