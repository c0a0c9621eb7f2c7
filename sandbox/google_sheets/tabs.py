"""The company's spreadsheet: its tabs, kept by people, with what people do to sheets.

Cells are text, as Google formats them; `Formatted` ones hold something else. The mess is valid:
padded headers and cells, addresses in mixed case, several rows for somebody who changed teams. End
dates are inclusive. Invoices are the last complete months of the ledger by platform, one of them
wrong.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from sandbox.company import DEPARTMENTS, Person, Stint
from sandbox.cursor.ledger import members_on
from sandbox.days import days_between
from sandbox.github.ledger import account_id, first_login, holders, known_by_saml, unmapped
from sandbox.google.ledger import AI_STUDIO, ML, SUPPORT
from sandbox.google.monitoring import RESEARCH_KEY
from sandbox.money import CENTS_PER_DOLLAR, ZERO
from sandbox.openai.ledger import ASSISTANTS, SEARCH, openai_id
from sandbox.state import Sandbox
from sandbox.vendor import MeteredVendor

TABS: Final = (
    "employees", "email_aliases", "api_key_mappings", "project_mappings",
    "vendor_accounts", "seat_plans", "seat_assignments", "budgets", "invoices", "exchange_rates",
    "annotations",
)  # fmt: skip

CURSOR_SEAT_USD: Final = Decimal(40)
CLAUDE_SEAT_USD: Final = Decimal(60)
CHATGPT_SEAT_USD: Final = Decimal(30)
_CHATGPT_SEATS: Final = 4

_INVOICED_MONTHS: Final = 3
_INVOICE_ERROR_USD: Final = Decimal("125.40")
"""How much too high the last Cursor invoice is."""

Rows = list[list[str]]


class Formatted(str):
    """A cell that does not show what it holds, by its format."""

    __slots__ = ("holds",)

    holds: Any

    @classmethod
    def of(cls, shows: str, holds: Any) -> Formatted:  # noqa: ANN401 - any JSON value
        """The cell that shows one and holds the other."""
        cell = cls(shows)
        cell.holds = holds
        return cell


def default_tab(sandbox: Sandbox, name: str) -> Rows:
    """Header and rows of the company's own tab."""
    makers = {
        "employees": _employees,
        "email_aliases": _email_aliases,
        "api_key_mappings": _api_key_mappings,
        "project_mappings": _project_mappings,
        "vendor_accounts": _vendor_accounts,
        "seat_plans": _seat_plans,
        "seat_assignments": _seat_assignments,
        "budgets": _budgets,
        "invoices": _invoices,
        "exchange_rates": _exchange_rates,
        "annotations": _annotations,
    }
    return makers[name](sandbox)


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""


def _messy(email: str, index: int) -> str:
    """The address as somebody typed it."""
    if index % 7 == 3:
        return f"{email} "
    if index % 11 == 5:
        local, _, domain = email.partition("@")
        return f"{local.title()}@{domain}"
    return email


def _employees(sandbox: Sandbox) -> Rows:
    header = [
        "email", " full_name", "department ", "team", "manager_email", "cost_center", "job_title",
        "user_type", "start_date", "end_date", "ai_budget_monthly_usd",
    ]  # fmt: skip
    leads: dict[str, Person] = {}
    for person in sandbox.company.people:
        if person.end is None:
            leads.setdefault(person.stints[0].team, person)
    rows = [header]
    for person in sandbox.company.people:
        if not person.in_roster:
            continue
        rows += [_employee(person, stint, leads) for stint in person.stints]
    return rows


def _employee(person: Person, stint: Stint, leads: dict[str, Person]) -> list[str]:
    lead = leads.get(stint.team)
    manager = lead.email if lead is not None and lead is not person else ""
    return [
        _messy(person.email, person.index),
        f"{person.name} " if person.index % 9 == 4 else person.name,
        f" {stint.department}" if person.index % 13 == 6 else stint.department,
        stint.team,
        _messy(manager, person.index + 1) if manager else "",
        stint.cost_center,
        person.job_title,
        person.user_type,
        _text(stint.start),
        _text(stint.end),
        str(person.budget_usd),
    ]


def _email_aliases(sandbox: Sandbox) -> Rows:
    rows = [["alias", " email "]]
    for i, (alias, email) in enumerate(sandbox.company.aliases):
        rows.append([alias.upper() if i == 0 else f" {alias}", email])
    return rows


def _api_key_mappings(sandbox: Sandbox) -> Rows:
    header = [
        "api_key_id", "api_key_name", "email", "platform", "purpose", "environment", "cost_center",
        "is_active", "confidence", "share", "valid_from", "valid_to",
    ]  # fmt: skip
    return [
        header,
        *(
            [
                f"{mapping.target_id} " if i == 1 else mapping.target_id,
                mapping.name,
                _messy(mapping.email, 3 + 2 * i) if mapping.email else "",
                mapping.platform,
                mapping.purpose,
                mapping.environment,
                mapping.cost_center,
                "TRUE" if mapping.is_active else "FALSE",
                mapping.confidence,
                mapping.share,
                _text(mapping.valid_from),
                _text(mapping.valid_to),
            ]
            for i, mapping in enumerate(sandbox.company.mappings)
        ),
        [
            RESEARCH_KEY.credential, RESEARCH_KEY.name, "", "gemini", "research", "development",
            "CC-2200", "TRUE", "", "", "", "",
        ],
    ]  # fmt: skip


def _project_mappings(sandbox: Sandbox) -> Rows:
    researcher = next(
        person
        for person in sandbox.company.people
        if person.stints[0].department == "Data" and person.end is None
    )
    assistants, search = openai_id("proj", ASSISTANTS), openai_id("proj", SEARCH)
    return [
        [
            "vendor", "project", "email", "cost_center", "purpose", "confidence", "share",
            "valid_from", "valid_to",
        ],
        ["google", AI_STUDIO, researcher.email, "", "research", "", "60", "", ""],
        ["google", AI_STUDIO, "", "CC-2200", "research", "", "40", "", ""],
        ["google", SUPPORT, "", "CC-4100", "customer_support", "0.9", "", "", ""],
        ["Google ", ML, "", "CC-2200", "", "", "", "", ""],
        ["openai", assistants, "", "CC-4100", "customer_support", "", "", "", ""],
        ["openai", search, "", "CC-2200", "", "", "", "", ""],
    ]  # fmt: skip


def _vendor_accounts(sandbox: Sandbox) -> Rows:
    """Logins of GitHub under their first names, one by its id. Two are missing, of which the
    company's own login knows one."""
    company = sandbox.company
    by_id = holders(company)[0]
    return [
        ["vendor", "account", "email", "valid_from", "valid_to"],
        *(
            [
                "github",
                str(account_id(person)) if person is by_id else first_login(person).title(),
                _messy(person.email, person.index),
                "",
                "",
            ]
            for person in holders(company)
            if person not in (unmapped(company), known_by_saml(company))
        ),
    ]


def _seat_plans(sandbox: Sandbox) -> Rows:
    founded = sandbox.options.start - timedelta(days=1500)
    return [
        ["platform", "plan", "seat_price_usd", "billing_cycle", "valid_from", "valid_to"],
        ["cursor", "business", f"{CURSOR_SEAT_USD:.2f}", "monthly", _text(founded), ""],
        ["claude_ai", "enterprise", f"{CLAUDE_SEAT_USD}", "monthly", _text(founded), ""],
        ["chatgpt", "business", f"{CHATGPT_SEAT_USD}", "monthly", _text(founded), ""],
    ]


def _seat_assignments(sandbox: Sandbox) -> Rows:
    return [
        ["platform", "email", "plan", "assigned_from", "assigned_to"],
        *(
            [
                "claude_ai",
                _messy(person.email, person.index + 4),
                "enterprise",
                _text(person.start),
                _text(person.end),
            ]
            for person in sandbox.company.people
            if person.has_seat
        ),
        *(
            ["chatgpt", person.email, "business", _text(person.start), _text(person.end)]
            for person in _chatgpt_people(sandbox)
        ),
    ]


def _chatgpt_people(sandbox: Sandbox) -> list[Person]:
    """Some of those who do not write code."""
    people = sandbox.company.people
    return [p for p in people if p.stints[0].department not in ("Engineering", "Data")][
        :_CHATGPT_SEATS
    ]


def _months(sandbox: Sandbox) -> list[date]:
    """The first days of the company's months, including the current one."""
    month = sandbox.options.start.replace(day=1)
    months = []
    while month < sandbox.options.today:
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months


def _budgets(sandbox: Sandbox) -> Rows:
    rows = [["scope_type", "scope", "month", "amount_usd"]]
    people = len(sandbox.company.people)
    per_person = {"Engineering": 160, "Data": 140, "Product": 90, "Customer Success": 70}
    for month in (day.strftime("%Y-%m") for day in _months(sandbox)):
        rows.append(["company", "company", month, f"{people * 135}.00"])
        for department, teams in DEPARTMENTS.items():
            members = sum(p.stints[0].department == department for p in sandbox.company.people)
            amount = members * per_person.get(department, 60)
            rows.append(["department", department, month, str(amount)])
            team, cost_center = teams[0]
            rows.append(["team", f"{team} ", month, str(amount // 2)])
            rows.append(["cost_center", cost_center, month, f"{amount // 2}.50"])
        rows += [
            ["user", _messy(person.email, person.index), month, str(person.budget_usd)]
            for person in sandbox.company.people[:3]
        ]
    return rows


def _invoices(sandbox: Sandbox) -> Rows:
    rows = [["platform", "invoice_id", "period_start", "period_end", "amount_usd", "status"]]
    complete = [
        month
        for month in _months(sandbox)
        if month >= sandbox.options.start and _last_day(month) < sandbox.options.today
    ][-_INVOICED_MONTHS:]
    for month in complete:
        is_last = month == complete[-1]
        for platform, amount in _billed(sandbox, month).items():
            wrong = platform == "cursor" and is_last
            rounded = (amount + (_INVOICE_ERROR_USD if wrong else ZERO)).quantize(
                Decimal("0.01"), ROUND_HALF_UP
            )
            rows.append(
                [
                    platform,
                    f"INV-{platform.upper().replace('_', '-')}-{month:%Y%m}",
                    _text(month),
                    _text(_last_day(month)),
                    str(rounded),
                    "open" if is_last else "paid",
                ]
            )
    return rows


def _exchange_rates(sandbox: Sandbox) -> Rows:
    """Of a currency that nothing of the company is billed in, so far."""
    first = sandbox.options.start.replace(day=1)
    return [
        ["currency", "valid_from", "usd_per_unit"],
        ["EUR", _text(first), "1.0842"],
        ["EUR", _text(first + timedelta(days=45)), "1.091"],
    ]


def _annotations(sandbox: Sandbox) -> Rows:
    """Of the last months, the last of them in the running one."""
    months = _months(sandbox)[-4:]
    said = [
        (9, "Unused seats were taken back", "Company"),
        (0, "Cursor price change", "cursor"),
        (14, "New Claude models", "Claude API"),
        (2, "AI budget review", "company"),
    ]
    return [
        ["date", " text", "scope"],
        *(
            [_text(month + timedelta(days=days)), text, scope]
            for month, (days, text, scope) in zip(months, said[-len(months) :], strict=True)
        ),
    ]


def _last_day(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def _billed(sandbox: Sandbox, month: date) -> dict[str, Decimal]:
    """What each platform bills for a month, in dollars: usage as first reported, and seats by the
    day."""
    days = list(days_between(month, _last_day(month) + timedelta(days=1)))
    share = Decimal(1) / len(days)
    # In the order of the sheet; a new vendor comes last.
    billed = dict.fromkeys(("cursor", "claude_api", "claude_code", "claude_ai", "chatgpt"), ZERO)
    cursor_seat_days, claude_seat_days, chatgpt_seat_days = 0, 0, 0
    metered = [vendor for vendor in sandbox.vendors if isinstance(vendor, MeteredVendor)]
    for day in days:
        cursor_seat_days += len(members_on(sandbox.company, day))
        claude_seat_days += sum(p.has_seat and p.present_on(day) for p in sandbox.company.people)
        chatgpt_seat_days += sum(p.present_on(day) for p in _chatgpt_people(sandbox))
        for vendor in metered:
            for platform, cents in vendor.billed(day).items():
                billed[platform] = billed.get(platform, ZERO) + cents / CENTS_PER_DOLLAR
    billed["cursor"] += CURSOR_SEAT_USD * share * cursor_seat_days
    billed["claude_ai"] += CLAUDE_SEAT_USD * share * claude_seat_days
    billed["chatgpt"] += CHATGPT_SEAT_USD * share * chatgpt_seat_days
    return billed
