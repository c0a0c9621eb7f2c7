"""How often a vendor may be asked within a minute."""

from __future__ import annotations

from collections import deque
from time import monotonic


class RateLimit:
    """This many requests in any minute; refused ones do not count."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._recent: deque[float] = deque()

    def allows_one_more(self) -> bool:
        """Whether this request is within the limit; counts it if so."""
        now = monotonic()
        while self._recent and self._recent[0] <= now - 60:
            self._recent.popleft()
        if len(self._recent) >= self._per_minute:
            return False
        self._recent.append(now)
        return True
