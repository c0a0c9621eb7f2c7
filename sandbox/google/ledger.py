"""What the billing account has exported: every row, with the time at which it was exported.

A day of usage comes in several exports: in the evening, in the early morning of the next day, and
some of it two days later. Google only adds rows. A correction is a negative copy and a replacement,
with the old usage times and the invoice month of its issue. Taxes and rounding come on the second
day of the next month. Amounts are decimals that a FLOAT64 holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any, Final

from sandbox.company import Company
from sandbox.days import days_between
from sandbox.money import ZERO

ACCOUNT: Final = "01A2B3-C4D5E6-F7A8B9"

_EVENING: Final = time(21, 40, 3, 551200)
_EARLY: Final = time(3, 14, 52, 118034)
_INVOICING: Final = time(10, 5, 11, 121)
_TAX_RATE: Final = Decimal("0.0875")
_CENT: Final = Decimal("0.01")
_ROUNDING: Final = Decimal("-0.003211")
EUR_PER_USD: Final = Decimal("0.9187")


@dataclass(frozen=True)
class Sku:
    """Something that is billed, at a price in dollars for each unit."""

    service_id: str
    service: str
    id: str
    description: str
    price: Decimal
    platform: str | None
    publisher: str = "GOOGLE"


def _sku(service: tuple[str, str], sku_id: str, text: str, price: str, platform: str | None) -> Sku:
    return Sku(
        *service, sku_id, text, Decimal(price), platform,
        "PARTNER" if text.startswith("Claude") else "GOOGLE",
    )  # fmt: skip


_GEMINI_API: Final = ("AEFD-7695-64FA", "Gemini API")
_VERTEX: Final = ("C7E2-9256-1C43", "Vertex AI")
_CODE_ASSIST: Final = ("719A-983F-202D", "Duet AI")
_ENTERPRISE: Final = ("74B1-77CF-C302", "Vertex AI Search")
_COMPUTE: Final = ("6F81-5844-456A", "Compute Engine")
_INVOICE: Final = ("CDD1-2F4A-93B0", "Invoice")

GEMINI_OUTPUT: Final = _sku(
    _GEMINI_API, "911A-8880-A243",
    "Generate content output token count gemini 2.5 flash short input text", "0.0000025", "gemini",
)  # fmt: skip
GEMINI_INPUT: Final = _sku(
    _GEMINI_API, "1A2B-3C4D-5E6F",
    "Generate content input token count gemini 2.5 flash short input text", "0.0000003", "gemini",
)  # fmt: skip
GEMINI_CACHED: Final = _sku(
    _GEMINI_API, "07D6-73CA-C859",
    "Generate_content cached text input token count for gemini 3 flash", "0.00000005", "gemini",
)  # fmt: skip
VERTEX_INPUT: Final = _sku(
    _VERTEX, "3F4E-5D6C-7B8A",
    "Gemini 3.8 Flash Global Text Input Priority - Predictions", "0.00000075", "gemini",
)  # fmt: skip
VERTEX_THINKING: Final = _sku(
    _VERTEX, "5D11-0A2B-77C3",
    "Gemini 2.5 Pro Thinking Text Output - Predictions", "0.00001", "gemini",
)  # fmt: skip
CLAUDE_INPUT: Final = _sku(
    _VERTEX, "9A8B-7C6D-5E4F",
    "Claude Sonnet 4.6 — Input Tokens — global — Context Window Size from 0 to 200000 Tokens",
    "0.000003", "claude_api",
)  # fmt: skip
CLAUDE_OUTPUT: Final = _sku(
    _VERTEX, "9A8B-7C6D-5E50",
    "Claude Haiku 4 5 — Output Tokens — global — Context Window Size from 0 to 200000 Tokens",
    "0.000005", "claude_api",
)  # fmt: skip
CODE_ASSIST_SEAT: Final = _sku(
    _CODE_ASSIST, "7743-4D2E-8A79", "Gemini Code Assist Standard subscription", "19",
    "gemini_code_assist",
)  # fmt: skip
ENTERPRISE_SEAT: Final = _sku(
    _ENTERPRISE, "0532-C2F0-1DF0", "Gemini Enterprise Standard monthly subscription", "35",
    "gemini_enterprise",
)  # fmt: skip
ENTERPRISE_SEATS: Final = 3
COMPUTE: Final = _sku(_COMPUTE, "2E27-4F75-95CD", "N1 Predefined Instance Core", "0.031611", None)
TAX: Final = _sku(_INVOICE, "5B1F-7C20-6D3E", "Tax", "0", None)
ROUNDING: Final = _sku(_INVOICE, "D6A0-1B22-8F0C", "Rounding error", "0", None)

AI_STUDIO: Final = "gen-lang-client-0123456789"
SUPPORT: Final = "support-assistant"
ML: Final = "ml-platform-prod"
SEATS: Final = "ai-subscriptions"
SHOP: Final = "web-shop-prod"
PROJECTS: Final = {
    AI_STUDIO: ("593021684422", "Gemini API", ()),
    SUPPORT: ("593021684423", "Support assistant", (("team", "support"),)),
    ML: ("482910573311", "ML platform", (("team", "search"),)),
    SEATS: ("482910573312", "AI subscriptions", (("cost_center", "cc-1100"),)),
    SHOP: ("482910573313", "Web shop", ()),
}
_LABELS: Final = (("team", "search"), ("cost_center", "cc-2200"))


@dataclass(frozen=True)
class Row:
    """A row of the export. Amounts are in the currency of the account; credits are negative."""

    exported_at: datetime
    sku: Sku
    project: str | None
    start: datetime
    hours: int
    cost: Decimal
    quantity: Decimal = ZERO
    invoice_month: date | None = None
    cost_type: str = "regular"
    labels: tuple[tuple[str, str], ...] = ()
    credits: tuple[tuple[str, Decimal], ...] = ()
    correction: str | None = None

    @property
    def usage_day(self) -> date:
        return self.start.date()

    @property
    def partition(self) -> datetime:
        """The day of the partition: rows of the early morning are in that of the day before."""
        day = self.exported_at.date()
        return _at(day - timedelta(days=self.exported_at.hour < 7), time())

    @property
    def net(self) -> Decimal:
        """The cost with its credits."""
        return self.cost + sum((amount for _, amount in self.credits), ZERO)

    @property
    def month(self) -> date:
        """The first day of the month on whose invoice it is."""
        return self.invoice_month or self.usage_day.replace(day=1)

    @property
    def size(self) -> int:
        """Its bytes, if all of it is read."""
        return 600 + 100 * len(self.credits)


def rows_of(company: Company, today: date) -> list[Row]:
    """What is exported until the morning of a day, in the order of its export."""
    options = company.options
    rows = [
        row
        for day in days_between(options.start, max(today, options.start))
        for row in usage_of(company, day)
    ]
    correct_on = options.start + timedelta(days=int(options.days * 0.4))
    rows += _correction(rows, correct_on)
    rows += _invoice_rows(rows, today)
    rows.sort(key=lambda row: row.exported_at)
    end = _at(today, time(5))
    return [row for row in rows if row.exported_at < end]


def invoiced(rows: list[Row], month: date) -> dict[str, Decimal]:
    """What the month's invoice asks for AI, by platform: with a project's taxes in the part that AI
    has of what it cost."""
    costs: dict[tuple[str | None, str | None], Decimal] = {}
    taxes: dict[str | None, Decimal] = {}
    for row in rows:
        if row.month == month and row.cost_type == "regular":
            key = (row.project, row.sku.platform)
            costs[key] = costs.get(key, ZERO) + row.net
        elif row.month == month:
            taxes[row.project] = taxes.get(row.project, ZERO) + row.net
    found: dict[str, Decimal] = {}
    for (project, platform), net in costs.items():
        if platform is not None:
            whole = sum(amount for (of, _), amount in costs.items() if of == project)
            tax = taxes.get(project, ZERO) * net / whole
            found[platform] = found.get(platform, ZERO) + net + tax
    return found


def in_currency(row: Row, rate: Decimal) -> Row:
    """The row of an account with another currency, of which a dollar buys `rate`."""
    return replace(
        row,
        cost=_float(row.cost * rate),
        credits=tuple((kind, _float(amount * rate)) for kind, amount in row.credits),
    )


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, UTC)


def _float(amount: Decimal) -> Decimal:
    """The shortest decimal of the FLOAT64 that is nearest to the amount."""
    return Decimal(repr(float(amount)))


def usage_of(company: Company, day: date) -> Iterator[Row]:
    """The rows about a day's usage, whenever they are exported."""
    options = company.options
    index = (day - options.start).days
    rng = Random(f"{options.seed}-google-{day}")
    busy = Decimal("0.2") if day.weekday() >= 5 else Decimal(1)
    tokens = (
        (GEMINI_OUTPUT, AI_STUDIO, 100_000, ()),
        (GEMINI_INPUT, AI_STUDIO, 800_000, ()),
        (GEMINI_CACHED, SUPPORT, 1_800_000, ()),
        (GEMINI_OUTPUT, SUPPORT, 180_000, ()),
        (VERTEX_INPUT, ML, 1_200_000, _LABELS),
        (VERTEX_INPUT, ML, 400_000, ()),
        (VERTEX_THINKING, ML, 80_000, ()),
        (CLAUDE_INPUT, ML, 300_000, ()),
        (CLAUDE_OUTPUT, ML, 60_000, ()),
    )
    for sku, project, typical, labels in tokens:
        for hour in (9, 17):
            count = int(typical * busy * rng.randrange(40, 160)) // 100
            row = Row(
                exported_at=_exported(day, hour, rng),
                sku=sku,
                project=project,
                start=_at(day, time(hour)),
                hours=1,
                cost=_float(sku.price * count),
                quantity=Decimal(count),
                labels=labels,
            )
            row = _with_credits(row, index)
            yield row
            if index % 9 == 4 and sku is GEMINI_INPUT and hour == 9:
                yield row  # Both are real.
    seats = (CODE_ASSIST_SEAT, 4), (ENTERPRISE_SEAT, ENTERPRISE_SEATS)
    for sku, count in seats:
        part = Decimal(count) / 30
        yield Row(
            _at(day + timedelta(days=1), _EARLY), sku, SEATS, _at(day, time(0)), 24,
            _float(sku.price * part), _float(part),
        )  # fmt: skip
    for project, cores in ((ML, 8), (SHOP, 32)):
        yield Row(
            _at(day + timedelta(days=1), _EARLY), COMPUTE, project, _at(day, time(0)), 24,
            _float(COMPUTE.price * cores * 24), Decimal(cores * 24),
        )  # fmt: skip


def _exported(day: date, hour: int, rng: Random) -> datetime:
    if rng.random() < 0.1:
        return _at(day + timedelta(days=2), _EVENING)
    return _at(day, _EVENING) if hour < 12 else _at(day + timedelta(days=1), _EARLY)


def _with_credits(row: Row, index: int) -> Row:
    """Of the AI Studio project a promotion pays a half, on some days after a free tier."""
    if row.project != AI_STUDIO or row.sku is not GEMINI_OUTPUT:
        return _with_invoice(row)
    reductions = [("PROMOTION", -_float(row.cost / 2))]
    if index % 5 == 1:
        reductions.append(("FREE_TIER", -_float(row.cost / 8)))
    return _with_invoice(replace(row, credits=tuple(reductions)))


def _with_invoice(row: Row) -> Row:
    """What is late at the end of a month is on the next invoice."""
    month = row.usage_day.replace(day=1)
    if row.exported_at.date() > _next_month(month):
        month = _next_month(month)
    return replace(row, invoice_month=month)


def _next_month(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _correction(rows: list[Row], day: date) -> Iterator[Row]:
    """A negative copy and a replacement of a row, five weeks later."""
    for row in rows:
        if row.usage_day == day and row.sku is VERTEX_INPUT and row.labels:
            issued = _at(day + timedelta(days=35), _EVENING)
            month = issued.date().replace(day=1)
            again = replace(
                row,
                exported_at=issued,
                invoice_month=month,
                correction="COMPLETE_NEGATION_WITH_REMONETIZATION",
            )
            yield replace(again, cost=-row.cost, quantity=-row.quantity)
            less = row.quantity * 3 // 4
            yield replace(again, cost=_float(row.sku.price * less), quantity=less)
            return


def _invoice_rows(rows: list[Row], today: date) -> Iterator[Row]:
    """Taxes of each project, and what rounding left, of every month that is over."""
    for month in sorted({row.month for row in rows}):
        issued = _at(_next_month(month) + timedelta(days=1), _INVOICING)
        if issued.date() >= today:
            continue
        net: dict[str, Decimal] = {}
        for row in rows:
            if row.month == month and row.project is not None:
                net[row.project] = net.get(row.project, ZERO) + row.net
        whole = Row(
            issued, TAX, None, _at(month, time(7)), 24 * 30, ZERO, ZERO, month, "tax",
        )  # fmt: skip
        for project, amount in net.items():
            tax = (amount * _TAX_RATE).quantize(_CENT, ROUND_HALF_UP)
            yield replace(whole, project=project, cost=_float(tax))
        yield replace(whole, sku=ROUNDING, cost=_ROUNDING, cost_type="rounding_error")


def record(row: Row, currency: str, rate: Decimal) -> dict[str, Any]:
    """The row with the columns of the standard export and one that nobody has heard of."""
    number, name, project_labels = PROJECTS.get(row.project or "", ("", "", ()))
    return {
        "billing_account_id": ACCOUNT,
        "invoice": {"month": f"{row.month:%Y%m}", "publisher_type": row.sku.publisher},
        "cost_type": row.cost_type,
        "service": {"id": row.sku.service_id, "description": row.sku.service},
        "sku": {"id": row.sku.id, "description": row.sku.description},
        "usage_start_time": row.start,
        "usage_end_time": row.start + timedelta(hours=row.hours),
        "project": None
        if row.project is None
        else {
            "id": row.project,
            "number": number,
            "name": name,
            "labels": _pairs(project_labels),
            "ancestry_numbers": "/771230459988/",
            "ancestors": [
                {"resource_name": "organizations/771230459988", "display_name": "example.com"}
            ],
        },
        "labels": _pairs(row.labels),
        "system_labels": [],
        "location": {"location": "global", "country": None, "region": None, "zone": None},
        "tags": [],
        "invoice_notes": "nothing of importance",
        "transaction_type": "GOOGLE" if row.cost_type == "regular" else None,
        "seller_name": None,
        "cost": row.cost,
        "currency": currency,
        "currency_conversion_rate": rate,
        "usage": {
            "amount": row.quantity,
            "unit": None if row.cost_type != "regular" else "count",
            "amount_in_pricing_units": row.quantity,
            "pricing_unit": None if row.cost_type != "regular" else "count",
        },
        "credits": [
            {
                "name": kind.replace("_", " ").title(),
                "amount": amount,
                "full_name": f"Sample {kind.lower()}",
                "id": f"sample-{kind.lower()}",
                "type": kind,
            }
            for kind, amount in row.credits
        ],
        "adjustment_info": {
            "id": "adj-1" if row.correction else None,
            "description": "Incorrect metering" if row.correction else None,
            "mode": row.correction,
            "type": "USAGE_CORRECTION" if row.correction else None,
        },
        "export_time": row.exported_at,
        "cost_at_list": row.cost,
        "cost_at_effective_price_default": row.cost,
    }


def _pairs(labels: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in labels]
