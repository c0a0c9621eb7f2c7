"""The running sandbox: its company, its clock, and what tests have changed about it.

Every endpoint reads the ledgers through here, so that a revised, emptied or replaced day looks
the same from all of them.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Generic, TypeVar

from sandbox.answers import encode
from sandbox.anthropic.ledger import CONSOLE, REAL_BILL_DAY, Entry, entries_of, real_bill_entries
from sandbox.company import build_company
from sandbox.cursor_ledger import INCLUDED, USAGE_BASED, USER_KEY, Event, events_of
from sandbox.faults import Fault
from sandbox.money import ZERO
from sandbox.options import Options
from sandbox.seller import Record, Seller, build_seller

_T = TypeVar("_T")

_CACHED_RECORDS = 400_000
"""How many events or entries stay in memory; the oldest-read days go first."""


@dataclass(frozen=True)
class MemberDay:
    """One address's events of a day: how many, and in cents what they cost."""

    events: int = 0
    included_events: int = 0
    usage_based_events: int = 0
    own_key_events: int = 0
    models: tuple[str, ...] = ()
    on_demand: Decimal = ZERO
    included: Decimal = ZERO


@dataclass(frozen=True)
class CursorDay:
    """A day's events as JSON, newest first, and their sums in cents."""

    records: tuple[bytes, ...]
    members: dict[str, MemberDay]
    on_demand: Decimal
    included: Decimal
    other: Decimal


@dataclass(frozen=True)
class Revision:
    """What a vendor now reports for a day: every amount times a factor, or nothing."""

    vendor: str
    day: date
    organization: str | None = None
    factor: Decimal = Decimal(1)
    is_empty: bool = False

    def concerns(self, vendor: str, organization: str, day: date) -> bool:
        """Whether this changes that day of that organisation."""
        return (
            self.vendor == vendor and self.day == day and self.organization in (None, organization)
        )


class DayCache(Generic[_T]):
    """Days by key, as many as `_CACHED_RECORDS` records allow."""

    def __init__(self, size_of: Callable[[_T], int]) -> None:
        self._size_of = size_of
        self._days: OrderedDict[Hashable, _T] = OrderedDict()
        self._records = 0

    def get(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """The day, made only if it is not here."""
        if key in self._days:
            self._days.move_to_end(key)
            return self._days[key]
        day = make()
        self._days[key] = day
        self._records += self._size_of(day)
        while self._records > _CACHED_RECORDS and len(self._days) > 1:
            _, dropped = self._days.popitem(last=False)
            self._records -= self._size_of(dropped)
        return day


class Sandbox:
    """The company and everything that `/_control` can change."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.company = build_company(options)
        self.seller: Seller | None = build_seller(options) if options.seller_events else None
        self.salesforce_logins = 0
        self.requests: Counter[str] = Counter()
        self.default_sheets: dict[str, list[list[str]]] = {}
        self._cursor_days: DayCache[CursorDay] = DayCache(lambda day: len(day.records))
        self._anthropic_days: DayCache[list[Entry]] = DayCache(len)
        self.reset()

    def reset(self) -> None:
        """Everything that can be changed as it is at the start; the request counts go on."""
        self.today = self.options.today
        self.rate_limits = self.options.rate_limits
        self.revisions: list[Revision] = []
        self.faults: list[Fault] = []
        self.sheets: dict[str, list[list[str]]] = {}
        self.real_bill = False
        self.without_analytics: set[str] = set()
        self.service_accounts_readable = False
        self.cursor_groups_readable = True
        self.users_lag_days = 1
        self.salesforce_limit = 15_000
        self.salesforce_used = 0
        self.salesforce_sessions_end = False
        self.salesforce_hidden: set[str] = set()
        self.salesforce_changes: dict[str, dict[str, Record]] = {}

    def salesforce_records(self) -> dict[str, list[Record]]:
        """The seller's records by object, as tests have changed them."""
        if self.seller is None:
            return {}
        records = {}
        for kind, found in self.seller.records.items():
            changes = self.salesforce_changes.get(kind, {})
            old = {row["Id"] for row in found}
            new = [row for key, row in changes.items() if key not in old]
            records[kind] = [row | changes.get(row["Id"], {}) for row in found] + new
        return records

    def salesforce_fields(self, kind: str) -> tuple[str, ...]:
        """The fields of an object."""
        rows = self.seller.records[kind] if self.seller else []
        return tuple(rows[0]) if rows else ("Id", "SystemModstamp")

    def revise(self, revision: Revision) -> None:
        """Let the vendor report that day anew, instead of an earlier revision of it."""
        same = ("vendor", "day", "organization")
        self.revisions = [
            other
            for other in self.revisions
            if any(getattr(other, name) != getattr(revision, name) for name in same)
        ]
        self.revisions.append(revision)

    @property
    def now(self) -> datetime:
        """The vendors' clock: midday of today, so that answers do not depend on the hour."""
        return datetime(self.today.year, self.today.month, self.today.day, 12, tzinfo=UTC)

    def has_happened(self, day: date) -> bool:
        """Whether the ledger holds that day: from the company's start to the end of yesterday."""
        return self.options.start <= day < self.today

    @property
    def ledger_state(self) -> Hashable:
        """What the ledgers' contents depend on, apart from the options."""
        return self.today, tuple(self.revisions), self.real_bill

    def anthropic_day(self, organization: str, day: date) -> list[Entry]:
        """What Anthropic now reports for that day of that organisation."""
        if day >= self.today:
            return []
        if self.real_bill and organization == CONSOLE and day == REAL_BILL_DAY:
            return self._revised_entries(organization, day, real_bill_entries(self.company))
        return self._revised_entries(organization, day, self.first_anthropic_day(organization, day))

    def first_anthropic_day(self, organization: str, day: date) -> list[Entry]:
        """What Anthropic first reported for that day of that organisation."""
        return self._anthropic_days.get(
            (organization, day), lambda: entries_of(self.company, organization, day)
        )

    def _revised_entries(self, organization: str, day: date, entries: list[Entry]) -> list[Entry]:
        for revision in self._revisions_of("anthropic", organization, day):
            if revision.is_empty:
                return []
            entries = [entry.revised(revision.factor) for entry in entries]
        return entries

    def cursor_day(self, day: date) -> CursorDay:
        """What Cursor now reports for that day."""
        if day >= self.today:
            return NO_EVENTS
        revisions = self._revisions_of("cursor", "cursor", day)
        if any(revision.is_empty for revision in revisions):
            return NO_EVENTS
        return self._cursor_day(day, revisions)

    def first_cursor_day(self, day: date) -> CursorDay:
        """What Cursor first reported for that day."""
        return self._cursor_day(day, ())

    def _cursor_day(self, day: date, revisions: tuple[Revision, ...]) -> CursorDay:
        def make() -> CursorDay:
            events = events_of(self.company, day)
            for revision in revisions:
                events = [event.revised(revision.factor) for event in events]
            return summarize_events(events)

        return self._cursor_days.get((day, revisions), make)

    def _revisions_of(self, vendor: str, organization: str, day: date) -> tuple[Revision, ...]:
        return tuple(r for r in self.revisions if r.concerns(vendor, organization, day))


def summarize_events(events: list[Event]) -> CursorDay:
    """The day as it is served and summed."""
    by_email: dict[str, list[Event]] = {}
    for event in events:
        if event.email is not None:
            by_email.setdefault(event.email, []).append(event)
    return CursorDay(
        records=tuple(encode(event.payload()) for event in events),
        members={email: _member_day(own) for email, own in by_email.items()},
        on_demand=_charged(events, USAGE_BASED),
        included=_charged(events, INCLUDED),
        other=sum((e.charged for e in events if e.kind not in (USAGE_BASED, INCLUDED)), ZERO),
    )


def _member_day(events: list[Event]) -> MemberDay:
    kinds = Counter(event.kind for event in events)
    return MemberDay(
        events=len(events),
        included_events=kinds[INCLUDED],
        usage_based_events=kinds[USAGE_BASED],
        own_key_events=kinds[USER_KEY],
        models=tuple(model for model, _ in Counter(e.model for e in events).most_common()),
        on_demand=_charged(events, USAGE_BASED),
        included=_charged(events, INCLUDED),
    )


def _charged(events: list[Event], kind: str) -> Decimal:
    return sum((event.charged for event in events if event.kind == kind), ZERO)


NO_EVENTS = summarize_events([])


def days_between(first: date, end: date) -> Iterator[date]:
    """The days from `first` up to, not including, `end`."""
    for offset in range((end - first).days):
        yield first + timedelta(days=offset)
