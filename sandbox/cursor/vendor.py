"""Cursor as one of the sandbox's vendors."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import date
from decimal import Decimal
from typing import Any

from starlette.routing import Route

from sandbox.answers import Refusal
from sandbox.cursor import errors
from sandbox.cursor.access import API_KEY
from sandbox.cursor.routes import routes
from sandbox.cursor.state import State
from sandbox.days import days_between
from sandbox.faults import Fault
from sandbox.money import dollars
from sandbox.state import Sandbox
from sandbox.vendor import Change, MeteredVendor, flag


class Cursor(MeteredVendor):
    """One team, whose events are included in its seats or billed by usage."""

    name = "cursor"
    paths = ("/teams/",)
    record_lists = ("data", "teamMembers", "teamMemberSpend", "usageEvents", "groups")

    def __init__(self, sandbox: Sandbox) -> None:
        self.state = State(sandbox)

    def reset(self) -> None:
        self.state.reset()

    def routes(self) -> list[Route]:
        return routes(self.state)

    def settings(self, url: str) -> AbstractContextManager[dict[str, str]]:
        return nullcontext({"CURSOR_BASE_URL": url, "CURSOR_API_KEY": API_KEY})

    def changes(self) -> dict[str, Change]:
        """{"cursor_groups": false}: the team has no billing groups and gets a 403."""
        return {"cursor_groups": flag(self.state, "groups_readable")}

    def totals(self, first: date, end: date) -> dict[str, dict[str, dict[str, str]]]:
        return {"cursor": {day.isoformat(): self._total(day) for day in days_between(first, end)}}

    def _total(self, day: date) -> dict[str, str]:
        sums = self.state.day(day)
        return {
            "on_demand": dollars(sums.on_demand),
            "included": dollars(sums.included),
            "other": dollars(sums.other),
            "events": str(len(sums.records)),
        }

    def billed(self, day: date) -> dict[str, Decimal]:
        return {"cursor": self.state.first_day(day).on_demand}

    def refusal(self, fault: Fault) -> Refusal:
        if fault.status == 429:
            return errors.too_many_requests(**fault.headers)
        body = errors.error_body("Internal Server Error", "An unexpected error occurred")
        return Refusal(fault.status, body, **fault.headers)

    def break_record(self, record: dict[str, Any], path: str) -> None:
        if path.endswith("/filtered-usage-events"):
            record["chargedCents"] = "a lot"
        elif "email" in record:
            record["email"] = 17
        else:
            del record["id"]
