"""Google Sheets as one of the sandbox's vendors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.routing import Route

from foundation.scratch import scratch_folder
from sandbox.answers import Refusal
from sandbox.faults import Fault
from sandbox.google_sheets import errors
from sandbox.google_sheets.accounts import SPREADSHEET_ID
from sandbox.google_sheets.routes import routes
from sandbox.google_sheets.state import State
from sandbox.google_sheets.tabs import Formatted, Rows
from sandbox.state import Sandbox
from sandbox.vendor import Change, Vendor


class GoogleSheets(Vendor):
    """The company's spreadsheet, and a service account that may read it."""

    name = "google_sheets"
    paths = ("/v4/", "/token")

    def __init__(self, sandbox: Sandbox) -> None:
        self.state = State(sandbox)

    def reset(self) -> None:
        self.state.reset()

    def routes(self) -> list[Route]:
        return routes(self.state)

    @contextmanager
    def settings(self, url: str) -> Iterator[dict[str, str]]:
        with scratch_folder("ai-spend-sandbox-") as folder:
            credentials = folder / "service-account.json"
            self.state.accounts.write_credentials(credentials, url)
            yield {
                "GOOGLE_SHEETS_ID": SPREADSHEET_ID,
                "GOOGLE_SHEETS_BASE_URL": url,
                "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
            }

    def changes(self) -> dict[str, Change]:
        """{"sheet": {"tab": "invoices", "rows": [[…header…], […]]}}, or "append": [[…]]. A cell
        may be {"shows": "1.08", "holds": 1.0842}."""
        return {"sheet": self._set_sheet}

    def _set_sheet(self, sheet: dict[str, Any]) -> None:
        name = sheet["tab"]
        if "rows" in sheet:
            self.state.put_tab(name, _as_cells(sheet["rows"]))
        if "append" in sheet:
            self.state.put_tab(name, [*self.state.tab(name), *_as_cells(sheet["append"])])

    def refusal(self, fault: Fault) -> Refusal:
        status = "RESOURCE_EXHAUSTED" if fault.status == 429 else "INTERNAL"
        return errors.refusal(fault.status, status, "Quota exceeded.", **fault.headers)


def _as_cells(rows: list[list[Any]]) -> Rows:
    return [
        [Formatted.of(**cell) if isinstance(cell, dict) else str(cell) for cell in row]
        for row in rows
    ]
