"""What GitHub knows of each day: seats, AI credits, and what users do in their editors.

A day depends on the seed, the company and the day. A month is final on the sixth day of the next
one; until then a few AI credits of some days are missing. Amounts are dollars.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from sandbox.company import Company, Person
from sandbox.money import ZERO, plain

APPS: Final = "sample-apps"
DATA: Final = "sample-data"
ORGANIZATIONS: Final = {APPS: 901, DATA: 902}
ENTERPRISE_ID: Final = "13213"
SHORT_CODE: Final = "smp"

SEAT: Final = "copilot_for_business"
CREDIT: Final = "copilot_ai_credit"
AGENT_CREDIT: Final = "coding_agent_ai_credit"
MINUTES: Final = "actions_linux"
UNKNOWN: Final = "copilot_dream_pass"

_SEAT_USD: Final = Decimal(19)
_SEAT_DAY: Final = Decimal("0.033333333")
_CREDIT_USD: Final = Decimal("0.01")
_MINUTE_USD: Final = Decimal("0.006")
_POOL_LASTS_UNTIL: Final = 20
"""The day of the month until which most of the AI credits are included in seats."""
_MONTH_FINAL_ON: Final = 6
_MODELS: Final = ("Claude Sonnet 4.6", "Auto: Claude Haiku 4.5", "GPT-5")


@dataclass(frozen=True)
class Line:
    """An amount of a day: of a user's model for AI credits, else of a whole organization."""

    organization: str
    sku: str
    quantity: Decimal
    unit: str
    price: Decimal
    discount: Decimal = ZERO
    product: str = "copilot"
    user: Person | None = None
    model: str = ""
    repository: str | None = None

    @property
    def gross(self) -> Decimal:
        """Before what the seats include."""
        return self.quantity * self.price

    @property
    def net(self) -> Decimal:
        """What is billed."""
        return self.gross - self.discount


def account_id(person: Person) -> int:
    """The id of the person's account, which no new login changes."""
    return 5001 + person.index


def renamed(company: Company) -> Person:
    """Who got a new login in the middle of the company's time."""
    return holders(company)[1]


def guest_of_both(company: Company) -> Person:
    """Who has a seat in both organizations, and is billed in one."""
    return holders(company)[0]


def unmapped(company: Company) -> Person:
    """Whose account nobody wrote into the sheet."""
    return [person for person in holders(company) if person.end is None][-1]


def known_by_saml(company: Company) -> Person:
    """Whose account is only known by the company's own login."""
    return [person for person in holders(company) if person.end is None][-2]


def name_id(company: Company, person: Person) -> str:
    """What the company's own login calls the person: of one it is a number."""
    return f"E{person.index:05}" if person is unmapped(company) else person.email


def first_login(person: Person) -> str:
    """The login that an account began with."""
    return f"{person.email.partition('@')[0].replace('.', '-')}_{SHORT_CODE}"


def login(company: Company, person: Person, day: date) -> str:
    """The login on a day."""
    options = company.options
    if person is renamed(company) and day >= options.start + timedelta(days=options.days // 2):
        return first_login(person).replace(f"_{SHORT_CODE}", f"-dev_{SHORT_CODE}")
    return first_login(person)


def holders(company: Company) -> list[Person]:
    """Who may have a seat: every second engineer and analyst."""
    found = [p for p in company.people if p.stints[0].department in ("Engineering", "Data")]
    return found[::2]


def organization_of(person: Person) -> str:
    """The organization that is billed for the person."""
    return APPS if person.stints[0].department == "Engineering" else DATA


def seated(company: Company, day: date) -> list[Person]:
    """Who has a seat on a day."""
    return [p for p in holders(company) if p.present_on(day)]


def is_final(day: date, today: date) -> bool:
    """Whether what was billed for the day no longer changes."""
    after = (day.replace(day=28) + timedelta(days=4)).replace(day=_MONTH_FINAL_ON)
    return today >= after


def lines_of(company: Company, day: date, today: date, factor: Decimal, extra: str) -> list[Line]:
    """All that was billed for a day, as reported on another; `extra` is a SKU more."""
    if not company.options.start <= day < today:
        return []
    rng = Random(f"{company.options.seed}-github-{day}")
    lines = [*_seats(company, day), *_credits(company, day, rng)]
    if not is_final(day, today) and day.day % 3 == 0:
        # What arrives late in a month is the last line of AI credits.
        lines.pop()
    repository = f"{APPS}/web"
    lines.append(
        Line(APPS, MINUTES, Decimal(rng.randrange(20, 300)), "minutes", _MINUTE_USD,
             product="actions", repository=repository)
    )  # fmt: skip
    if extra:
        lines.append(Line(APPS, extra, Decimal(1), "passes", Decimal("2.5")))
    return [_times(line, factor) for line in lines]


def _times(line: Line, factor: Decimal) -> Line:
    if factor == 1:
        return line
    return Line(
        line.organization, line.sku, line.quantity * factor, line.unit, line.price,
        line.discount * factor, line.product, line.user, line.model, line.repository,
    )  # fmt: skip


def _seats(company: Company, day: date) -> list[Line]:
    found = []
    for organization in ORGANIZATIONS:
        seats = sum(organization_of(p) == organization for p in seated(company, day))
        if seats:
            found.append(Line(organization, SEAT, seats * _SEAT_DAY, "user-months", _SEAT_USD))
    return found


def _credits(company: Company, day: date, rng: Random) -> list[Line]:
    found = []
    for person in seated(company, day):
        if rng.random() > (0.1 if day.weekday() >= 5 else 0.7):
            continue
        sku = AGENT_CREDIT if rng.random() < 0.15 else CREDIT
        model = "Coding Agent model" if sku == AGENT_CREDIT else rng.choice(_MODELS)
        quantity = Decimal(rng.randrange(100_000, 20_000_000)) / 100_000
        covered = Decimal("0.8") if day.day <= _POOL_LASTS_UNTIL else Decimal("0.6")
        gross = quantity * _CREDIT_USD
        found.append(
            Line(organization_of(person), sku, quantity, "ai-credits", _CREDIT_USD,
                 gross * covered, user=person, model=model)
        )  # fmt: skip
    if found:
        # Of a review that nobody asked for.
        found.append(
            Line(APPS, CREDIT, Decimal("9.1"), "ai-credits", _CREDIT_USD,
                 model="Code Review model")
        )  # fmt: skip
    return found


def usage_items(lines: list[Line]) -> list[Line]:
    """The lines by SKU and organization, as they are billed."""
    found: dict[tuple[str, str], Line] = {}
    for line in lines:
        key = (line.organization, line.sku)
        before = found.get(key)
        found[key] = Line(
            line.organization, line.sku,
            line.quantity + (before.quantity if before else ZERO), line.unit, line.price,
            line.discount + (before.discount if before else ZERO), line.product,
            repository=line.repository,
        )  # fmt: skip
    return list(found.values())


def usage_item(line: Line, day: date) -> dict[str, Any]:
    """The line as the billing API has it."""
    item: dict[str, Any] = {
        "date": f"{day}T00:00:00Z",
        "product": line.product,
        "sku": line.sku,
        "quantity": plain(line.quantity),
        "unitType": line.unit,
        "pricePerUnit": plain(line.price),
        "grossAmount": plain(line.gross),
        "discountAmount": plain(line.discount),
        "netAmount": plain(line.net),
        "organizationName": line.organization,
    }
    if line.repository:
        item["repositoryName"] = line.repository
    return item


def seat(company: Company, person: Person, organization: str, today: date) -> dict[str, Any]:
    """A seat as it is listed."""
    name = login(company, person, today)
    created = datetime.combine(person.start, time(9), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "created_at": created,
        "updated_at": created,
        "pending_cancellation_date": None,
        "last_activity_at": f"{today - timedelta(days=1)}T12:00:00Z",
        "last_activity_editor": "vscode/1.110.0/copilot/1.400.0",
        "last_authenticated_at": f"{today - timedelta(days=1)}T07:00:00Z",
        "plan_type": "business",
        "assignee": {
            "login": name,
            "id": account_id(person),
            "node_id": f"U_k{account_id(person):08}",
            "type": "User",
            "site_admin": False,
        },
        "organization": {"login": organization, "id": ORGANIZATIONS[organization]},
        "assigning_team": None,
    }


def organizations_of(company: Company, person: Person) -> list[str]:
    """All in which the person has a seat, first the one that is billed."""
    own = organization_of(person)
    return [*ORGANIZATIONS] if person is guest_of_both(company) else [own]


def user_days(company: Company, day: date, today: date) -> list[dict[str, Any]]:
    """What users did on a day, a row for each of their organizations; two days later some of it is
    still missing."""
    rng = Random(f"{company.options.seed}-github-users-{day}")
    rows = []
    for person in seated(company, day):
        is_active = rng.random() < (0.1 if day.weekday() >= 5 else 0.8)
        asked, shown = rng.randrange(1, 60), rng.randrange(5, 80)
        if not is_active:
            asked = shown = 0
        elif (today - day).days < 3:
            asked = -(-asked // 2)
        accepted = shown // 3
        counts = {
            "user_initiated_interaction_count": asked,
            "code_generation_activity_count": shown,
            "code_acceptance_activity_count": accepted,
            "loc_suggested_to_add_sum": shown * 5,
            "loc_suggested_to_delete_sum": 0,
            "loc_added_sum": accepted * 4,
            "loc_deleted_sum": accepted,
        }
        row = {
            "day": str(day),
            "enterprise_id": ENTERPRISE_ID,
            "user_id": account_id(person),
            "user_login": login(company, person, day),
            **counts,
            "used_agent": is_active,
            "used_chat": is_active,
            "used_cli": False,
            "totals_by_ide": [{"ide": "vscode", **counts}] if is_active else [],
            "totals_by_feature": [],
            "totals_by_language_feature": [],
            "totals_by_language_model": [],
            "totals_by_model_feature": [],
        }
        rows += [
            row | {"organization_id": str(ORGANIZATIONS[organization])}
            for organization in organizations_of(company, person)
        ]
    return rows
