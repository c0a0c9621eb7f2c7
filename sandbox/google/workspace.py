"""Gemini in Google Workspace as the Reports API lists it: newest first, in pages, and some events
only on the day after the next
(https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities/list).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from sandbox.company import Person
from sandbox.days import days_between
from sandbox.google_sheets.errors import refusal
from sandbox.state import Sandbox

PATH: Final = "/admin.googleapis.com/admin/reports/v1/activity/users/all/applications/{application}"
APPLICATION: Final = "gemini_in_workspace_apps"
SCOPE: Final = "admin.reports.audit.readonly"
MAX_RESULTS: Final = 1000
# What the log keeps.
_DAYS: Final = 180

# App, action, category, source; the apps in the mixed case in which Google writes them.
_ACTIONS: Final = (
    ("gmail", "summarize", "active_summarize", "side_panel"),
    ("docs", "generate_text", "active_generate", "help_me_write"),
    ("Meet", "take_notes", "active_generate", "take_notes_for_me"),
    ("sheets", "conversation", "active_conversations", "side_panel"),
    ("DRIVE", "ask_about_context", "active_conversations", "side_panel"),
    ("gemini_app", "conversation", "active_conversations", "gemini_app"),
)
_NOT_ENGINEERS: Final = ("Product", "Customer Success", "Operations")


@dataclass(frozen=True)
class Event:
    """Something that somebody did; it is listed from `listed_on` on."""

    at: datetime
    qualifier: str
    person: Person
    action: tuple[str, str, str, str]
    listed_on: date


class Activities:
    """The log of the sample company, and events that a test has added to it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._days: dict[date, list[Event]] = {}

    def answer(self, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of activities.list."""
        size = int(query.get("maxResults") or MAX_RESULTS)
        if not 1 <= size <= MAX_RESULTS:
            raise refusal(400, "INVALID_ARGUMENT", f"Invalid value for maxResults: {size}")
        if query.get("eventName") not in (None, "feature_utilization"):
            raise refusal(400, "INVALID_ARGUMENT", "Invalid value for eventName")
        start, end = (datetime.fromisoformat(query[name]) for name in ("startTime", "endTime"))
        events = [event for event in self._listed(start, end) if start <= event.at <= end]
        events.sort(key=lambda event: (event.at, event.qualifier), reverse=True)
        first = int(query.get("pageToken") or 0)
        items = [_item(event, query.get("fields")) for event in events[first : first + size]]
        found: dict[str, Any] = {"kind": "admin#reports#activities", "items": items}
        if "fields" in query:
            del found["kind"]
        if not items:
            del found["items"]
        if first + size < len(events):
            found["nextPageToken"] = str(first + size)
        return found

    def _listed(self, start: datetime, end: datetime) -> list[Event]:
        today = self.sandbox.today
        first = max(start.date(), today - timedelta(days=_DAYS), self.sandbox.options.start)
        last = min(end.date() + timedelta(days=1), today)
        return [
            event
            for day in days_between(first, max(first, last))
            for event in self._events(day)
            if event.listed_on <= today
        ]

    def _events(self, day: date) -> list[Event]:
        if day not in self._days:
            self._days[day] = list(self._make(day))
        return self._days[day]

    def _make(self, day: date) -> list[Event]:
        rng = Random(f"{self.sandbox.options.seed}-workspace-{day}")
        if day.weekday() >= 5:
            return []
        events: list[Event] = []
        for person in self.sandbox.company.people:
            if not person.present_on(day):
                continue
            is_likely = person.stints[0].department in _NOT_ENGINEERS
            for _ in range(rng.choice((0, 1, 2, 4) if is_likely else (0, 0, 0, 1))):
                at = datetime.combine(day, time(7), UTC) + timedelta(
                    milliseconds=rng.randrange(12 * 3_600_000)
                )
                is_late = not events or rng.random() < 0.02
                events.append(
                    Event(
                        at,
                        str(rng.randrange(-(2**63), 2**63)),
                        person,
                        rng.choice(_ACTIONS),
                        day + timedelta(days=2 if is_late else 1),
                    )
                )
        return events


def _item(event: Event, fields: str | None) -> dict[str, Any]:
    app, action, category, source = event.action
    person = event.person
    actor: dict[str, Any] = {"callerType": "USER", "profileId": f"1052505060979{person.index:08}"}
    if not person.account_deleted:
        actor["email"] = person.email
    values = (
        ("action", action),
        ("app_name", app),
        ("event_category", category),
        ("feature_source", source),
    )
    item: dict[str, Any] = {
        "kind": "admin#reports#activity",
        "id": {
            "time": event.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "uniqueQualifier": event.qualifier,
            "applicationName": APPLICATION,
            "customerId": "C03example",
        },
        "etag": '"sandbox"',
        "actor": actor,
        "ipAddress": "192.0.2.10",
        "events": [
            {
                "type": "ai_usage_event",
                "name": "feature_utilization",
                "parameters": [{"name": name, "value": value} for name, value in values],
            }
        ],
    }
    # A partial answer has only what was asked for.
    return {name: value for name, value in item.items() if fields is None or name in fields}
