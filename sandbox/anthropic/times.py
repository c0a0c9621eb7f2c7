"""Times as Anthropic writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

BUCKETS: Final = {
    "1d": timedelta(days=1),
    "1h": timedelta(hours=1),
    "1m": timedelta(minutes=1),
}


def floor(moment: datetime, width: timedelta) -> datetime:
    """The start of the bucket that the moment is in."""
    return moment - (moment - datetime.min.replace(tzinfo=UTC)) % width


def midnight(day: date) -> datetime:
    """The first moment of that UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def zulu(moment: datetime) -> str:
    """`2026-11-01T00:00:00Z`, as reports write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp(day: date) -> str:
    """A time of that day, as directories write it."""
    return f"{day.isoformat()}T09:30:00.000000Z"
