"""The current spreadsheet, and who may read it."""

from __future__ import annotations

from typing import Final

from sandbox.google_sheets.accounts import Accounts
from sandbox.google_sheets.tabs import TABS, Rows, default_tab
from sandbox.rate_limit import RateLimit
from sandbox.state import Sandbox

READS_PER_MINUTE: Final = 60


class State:
    """The company's tabs, and those with which `/_control` has replaced or extended them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.accounts = Accounts()
        self.reads = RateLimit(READS_PER_MINUTE)
        self._default_tabs: dict[str, Rows] = {}
        self.reset()

    def reset(self) -> None:
        """The spreadsheet as the company keeps it."""
        self._changed_tabs: dict[str, Rows] = {}

    def tab(self, name: str) -> Rows:
        """The current tab. KeyError if there is none with that name."""
        if name in self._changed_tabs:
            return self._changed_tabs[name]
        if name not in self._default_tabs:
            self._default_tabs[name] = default_tab(self.sandbox, name)
        return self._default_tabs[name]

    def tabs(self) -> list[str]:
        """The existing tabs: the company's, and those that a test has added."""
        return [*TABS, *(name for name in self._changed_tabs if name not in TABS)]

    def put_tab(self, name: str, rows: Rows) -> None:
        """Give the tab these rows, or add it."""
        self._changed_tabs[name] = rows
