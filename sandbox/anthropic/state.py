"""What Anthropic reports now, and what `/_control` has changed about it.

Every endpoint reads the ledger through here, so that a revised, emptied or replaced day looks the
same from all of them.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Hashable
from datetime import date
from typing import Any

from sandbox.anthropic.ledger import CONSOLE, REAL_BILL_DAY, Entry, entries_of, real_bill_entries
from sandbox.days import DayCache
from sandbox.state import Sandbox


class State:
    """Anthropic, as all of its endpoints see it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._days: DayCache[list[Entry]] = DayCache(len)
        # What is asked for page by page.
        self.claude_code_rows: DayCache[list[dict[str, Any]]] = DayCache(len)
        self.reset()

    def reset(self) -> None:
        """Back to how everything was at the start."""
        self.real_bill = False
        self.without_analytics: set[str] = set()
        self.service_accounts_readable = False
        self.users_lag_days = 1

    def organization_id(self, organization: str) -> str:
        """The id that Anthropic gives that organization."""
        digest = hashlib.sha256(f"{self.sandbox.options.seed}-{organization}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

    def day(self, organization: str, day: date) -> list[Entry]:
        """What Anthropic now reports for that day of that organization."""
        if day >= self.sandbox.today:
            return []
        entries = self.first_day(organization, day)
        if self.real_bill and organization == CONSOLE and day == REAL_BILL_DAY:
            entries = real_bill_entries(self.sandbox.company)
        for revision in self.sandbox.revisions_of("anthropic", organization, day):
            if revision.is_empty:
                return []
            entries = [entry.revised(revision.factor) for entry in entries]
        return entries

    def first_day(self, organization: str, day: date) -> list[Entry]:
        """What Anthropic first reported for that day of that organization."""
        return self._days.get(
            (organization, day), lambda: entries_of(self.sandbox.company, organization, day)
        )

    @property
    def version(self) -> Hashable:
        """What the days depend on besides the options: another version, another answer."""
        return self.sandbox.today, tuple(self.sandbox.revisions), self.real_bill
