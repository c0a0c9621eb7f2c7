"""Days: those of a span, and those that are cached."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from datetime import date, timedelta
from typing import Generic, TypeVar

_T = TypeVar("_T")

_MAX_CACHED_RECORDS = 400_000
"""How many events or entries are cached; the least recently read days go first."""


def days_between(first: date, end: date) -> Iterator[date]:
    """The days from `first` up to, not including, `end`."""
    for offset in range((end - first).days):
        yield first + timedelta(days=offset)


class DayCache(Generic[_T]):
    """Days by key, as many as `_MAX_CACHED_RECORDS` records allow."""

    def __init__(self, size_of: Callable[[_T], int]) -> None:
        self._size_of = size_of
        self._days: OrderedDict[Hashable, _T] = OrderedDict()
        self._records = 0

    def get(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """The day, computed if it is not cached."""
        if key in self._days:
            self._days.move_to_end(key)
            return self._days[key]
        day = make()
        self._days[key] = day
        self._records += self._size_of(day)
        while self._records > _MAX_CACHED_RECORDS and len(self._days) > 1:
            _, dropped = self._days.popitem(last=False)
            self._records -= self._size_of(dropped)
        return day
