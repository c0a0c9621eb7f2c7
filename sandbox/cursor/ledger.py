"""What happened at Cursor each day: the usage events that every endpoint adds up.

A day's events depend on the seed, the company and the day, never on other days. Amounts are
decimal cents; `charged = total x (1 - discount) + fee`, as in every sample of the vendor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any, Final

from sandbox.company import Company, Person, tagged_id
from sandbox.money import ZERO, plain

USAGE_BASED: Final = "Usage-based"
INCLUDED: Final = "Included in Business"
ERRORED: Final = "Errored, Not Charged"
ABORTED: Final = "Aborted, Not Charged"
USER_KEY: Final = "User API Key"
FREE_CREDIT: Final = "Free Credit"

_ENUM_SPELLING: Final = {
    USAGE_BASED: "USAGE_EVENT_KIND_USAGE_BASED",
    INCLUDED: "USAGE_EVENT_KIND_INCLUDED_IN_BUSINESS",
    ERRORED: "USAGE_EVENT_KIND_ERRORED_NOT_CHARGED",
    ABORTED: "USAGE_EVENT_KIND_ABORTED_NOT_CHARGED",
    USER_KEY: "USAGE_EVENT_KIND_USER_API_KEY",
    FREE_CREDIT: "USAGE_EVENT_KIND_FREE_CREDIT",
}

UNPRICED_MODEL: Final = "moonbeam-experimental"
"""A model that no price list has."""

_PRICES: Final = {
    "default": (Decimal("1.25"), Decimal(6)),
    "composer-2": (Decimal("0.5"), Decimal("2.5")),
    "claude-4.5-sonnet": (Decimal(3), Decimal(15)),
    "claude-opus-4-8": (Decimal(5), Decimal(25)),
    "gpt-5": (Decimal("1.25"), Decimal(10)),
    UNPRICED_MODEL: (Decimal("2.2"), Decimal(9)),
}
_MODELS: Final = tuple(_PRICES)
_MODEL_WEIGHTS: Final = (40, 20, 18, 10, 11, 1)
_FIRST_PARTY: Final = ("default", "composer-2")
_CENTS_PER_TOKEN_AT_ONE_DOLLAR: Final = Decimal(100) / Decimal(1_000_000)
_FEE_CENTS_PER_TOKEN: Final = Decimal(25) / Decimal(1_000_000)

_KINDS: Final = (INCLUDED, USAGE_BASED, ERRORED, ABORTED, USER_KEY, FREE_CREDIT)
_LIGHT_USE: Final = (84, 8, 3, 2, 2, 1)
_HEAVY_USE: Final = (45, 46, 3, 3, 1, 2)

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000

_WORKING_DAY: Final = ((0, 0), (0.03, 7), (0.1, 9), (0.9, 18), (1, 24))
"""What share of a day's events lies before an hour: one in ten each early, and in the evening."""


@dataclass(frozen=True, slots=True)
class Event:
    """A usage event.

    `email` is None if the vendor names nobody. `charged` is what counts, even if `reports_charge`
    is false: then the vendor's older format leaves out chargedCents and the formula gives it.
    `tokens` is input, output, cache write, cache read, or None if the vendor sends no tokenUsage.
    """

    timestamp: int
    email: str | None
    model: str
    kind: str
    charged: Decimal
    total: Decimal = ZERO
    fee: Decimal = ZERO
    discount: int = 0
    tokens: tuple[int, int, int, int] | None = None
    requests: Decimal = Decimal(1)
    max_mode: bool = False
    headless: bool = False
    service_account_id: str | None = None
    enum_spelling: bool = False
    reports_charge: bool = True

    def revised(self, factor: Decimal) -> Event:
        """The event with every amount multiplied."""
        return replace(
            self, charged=self.charged * factor, total=self.total * factor, fee=self.fee * factor
        )

    def payload(self) -> dict[str, Any]:
        """The event as the vendor sends it; Decimals must be written as numbers."""
        body: dict[str, Any] = {"timestamp": str(self.timestamp)}
        if self.email is not None:
            body["userEmail"] = self.email
        if self.service_account_id is not None:
            body["serviceAccountId"] = self.service_account_id
        body |= {
            "model": self.model,
            "kind": _ENUM_SPELLING[self.kind] if self.enum_spelling else self.kind,
            "maxMode": self.max_mode,
            "requestsCosts": self.requests,
            "isTokenBasedCall": self.tokens is not None,
        }
        if self.reports_charge:
            body["isChargeable"] = self.kind in (USAGE_BASED, USER_KEY)
            body["isHeadless"] = self.headless
        if self.tokens is not None:
            names = ("inputTokens", "outputTokens", "cacheWriteTokens", "cacheReadTokens")
            usage: dict[str, Any] = {
                name: count for name, count in zip(names, self.tokens, strict=True) if count
            }
            usage["totalCents"] = plain(self.total)
            if self.discount:
                usage["discountPercentOff"] = self.discount
            body["tokenUsage"] = usage
        if self.reports_charge:
            body["chargedCents"] = plain(self.charged)
        if self.fee:
            body["cursorTokenFee"] = plain(self.fee)
        body["isFreeBugbot"] = False
        return body


def midnight_ms(day: date) -> int:
    """The first millisecond of that UTC day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def members_on(company: Company, day: date) -> list[Person]:
    """Who is in the Cursor team on that day."""
    return [p for p in company.people if p.cursor_email is not None and p.present_on(day)]


def events_of(company: Company, day: date) -> list[Event]:
    """The day's events as first reported, newest first; none outside the company's time."""
    options = company.options
    index = (day - options.start).days
    if index < 0 or day == options.weekday_at(0.3):
        return []
    rng = Random(f"{options.seed}-cursor-{day}")
    midnight = midnight_ms(day)
    weekend = day.weekday() >= 5
    events: list[Event] = []
    for person in members_on(company, day):
        if rng.random() > (0.15 if weekend else 0.85):
            continue
        weights = _HEAVY_USE if person.index % 4 == 1 else _LIGHT_USE
        count = _around(options.events_per_day * (1.6 if person.index % 4 == 1 else 1.1), rng)
        events += [_event(person.cursor_email, midnight, weights, rng) for _ in range(count)]
    if events:
        events += _oddities(company, index, midnight, events, rng)
    events.sort(key=lambda event: event.timestamp, reverse=True)
    return events


def _around(mean: float, rng: Random) -> int:
    """A whole number between 0 and twice the mean, whose expected value is the mean."""
    value = rng.random() * 2 * mean
    whole = int(value)
    return whole + (rng.random() < value - whole)


def _time_of_day(drawn: int) -> int:
    """A millisecond of the day, from one that was drawn evenly: most work is done by day."""
    share = drawn / DAY_MS
    for (before, start), (until, end) in pairwise(_WORKING_DAY):
        if share < until:
            return int((start + (end - start) * (share - before) / (until - before)) * HOUR_MS)
    raise AssertionError(drawn)


def _event(email: str | None, midnight: int, weights: tuple[int, ...], rng: Random) -> Event:
    model = rng.choices(_MODELS, _MODEL_WEIGHTS)[0]
    kind = rng.choices(_KINDS, weights)[0]
    timestamp = midnight + _time_of_day(rng.randrange(DAY_MS))
    enum_spelling = rng.random() < 0.05
    if kind == ERRORED:
        return Event(timestamp, email, model, kind, ZERO, enum_spelling=enum_spelling)
    if kind == INCLUDED and rng.random() < 0.05:
        # A call that is not billed by tokens still has a value.
        cents = Decimal(rng.choice((4, 8)))
        return Event(timestamp, email, model, kind, cents, requests=Decimal("1.4"))
    tokens = (
        rng.randrange(40, 30_000),
        rng.randrange(20, 4_000),
        rng.choice((0, rng.randrange(60_000))),
        rng.choice((0, rng.randrange(200_000))),
    )
    max_mode = rng.random() < 0.2
    if kind in (ABORTED, USER_KEY):
        return Event(
            timestamp, email, model, kind, ZERO,
            tokens=tokens, max_mode=max_mode, enum_spelling=enum_spelling,
        )  # fmt: skip
    input_price, output_price = _PRICES[model]
    fresh, output, written, read = tokens
    total = _CENTS_PER_TOKEN_AT_ONE_DOLLAR * (
        input_price * (fresh + written * Decimal("1.25") + read * Decimal("0.1"))
        + output_price * output
    )
    discount = rng.choice((10, 20)) if kind == USAGE_BASED and rng.random() < 0.1 else 0
    fee = ZERO if model in _FIRST_PARTY else _FEE_CENTS_PER_TOKEN * sum(tokens)
    return Event(
        timestamp, email, model, kind,
        charged=total * (100 - discount) / 100 + fee,
        total=total, fee=fee, discount=discount, tokens=tokens,
        requests=Decimal(rng.choice(("1", "2", "5", "1.4"))), max_mode=max_mode,
        enum_spelling=enum_spelling,
    )  # fmt: skip


def _oddities(
    company: Company, index: int, midnight: int, events: list[Event], rng: Random
) -> list[Event]:
    """What every importer has got wrong once: identical events, events without a name, older
    formats, credits."""
    odd = [replace(_event(None, midnight, _HEAVY_USE, rng), headless=True)]
    if index % 3 == 0:
        bot = tagged_id("sa", company.options.seed, "cursor-agent")
        odd.append(
            replace(
                _event(None, midnight, (0, 1, 0, 0, 0, 0), rng),
                service_account_id=bot,
                headless=True,
            )
        )
    charged = next((e for e in events if e.charged > 0 and e.tokens is not None), events[0])
    if index % 7 == 2:
        odd.append(charged)
    if index % 7 == 4:
        other = _event(charged.email, midnight, (0, 1, 0, 0, 0, 0), rng)
        odd.append(replace(other, timestamp=charged.timestamp, model=charged.model))
    if index % 50 == 3:
        older = _event(charged.email, midnight, (0, 1, 0, 0, 0, 0), rng)
        odd.append(replace(older, reports_charge=False))
    if index % 50 == 5:
        odd.append(_fixed(charged, midnight, "40.16699999999999", rng))
    if index % 50 == 8:
        odd.append(_fixed(charged, midnight, "-12.5", rng))
    return odd


def _fixed(like: Event, midnight: int, cents: str, rng: Random) -> Event:
    return Event(
        midnight + rng.randrange(DAY_MS), like.email, "claude-4.5-sonnet", USAGE_BASED,
        charged=Decimal(cents), total=Decimal(cents), tokens=(5805, 311, 11964, 0),
    )  # fmt: skip
