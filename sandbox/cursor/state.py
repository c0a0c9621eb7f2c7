"""What Cursor reports now, and what `/_control` has changed about it.

Every endpoint reads the ledger through here, so that a revised or emptied day looks the same from
all of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sandbox.answers import encode
from sandbox.cursor.ledger import INCLUDED, USAGE_BASED, USER_KEY, Event, events_of
from sandbox.days import DayCache
from sandbox.money import ZERO
from sandbox.state import Revision, Sandbox


@dataclass(frozen=True)
class MemberDay:
    """One address's events on a day: how many, and what they cost in cents."""

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


class State:
    """Cursor, as all of its endpoints see it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._days: DayCache[CursorDay] = DayCache(lambda day: len(day.records))
        # Of a large company the events of a month do not fit, but these sums do.
        self._members: DayCache[dict[str, MemberDay]] = DayCache(len)
        self.reset()

    def reset(self) -> None:
        """Back to how everything was at the start."""
        self.groups_readable = True

    def day(self, day: date) -> CursorDay:
        """What Cursor now reports for that day."""
        if day >= self.sandbox.today:
            return NO_EVENTS
        revisions = self._revisions(day)
        if any(revision.is_empty for revision in revisions):
            return NO_EVENTS
        return self._revised(day, revisions)

    def members(self, day: date) -> dict[str, MemberDay]:
        """What each address did on that day."""
        if day >= self.sandbox.today:
            return NO_EVENTS.members
        return self._members.get((day, self._revisions(day)), lambda: self.day(day).members)

    def first_day(self, day: date) -> CursorDay:
        """What Cursor first reported for that day."""
        return self._revised(day, ())

    def _revisions(self, day: date) -> tuple[Revision, ...]:
        return self.sandbox.revisions_of("cursor", "cursor", day)

    def _revised(self, day: date, revisions: tuple[Revision, ...]) -> CursorDay:
        def make() -> CursorDay:
            events = events_of(self.sandbox.company, day)
            for revision in revisions:
                events = [event.revised(revision.factor) for event in events]
            return summarize_events(events)

        return self._days.get((day, revisions), make)


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
