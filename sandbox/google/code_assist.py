"""The log of Gemini Code Assist as Cloud Logging lists it: requests and responses, which hold
prompts, and metadata (https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from sandbox.days import days_between
from sandbox.google.ledger import ML
from sandbox.google_sheets.errors import refusal
from sandbox.state import Sandbox

PATH: Final = "/logging.googleapis.com/v2/entries:list"
SCOPE: Final = "logging.read"
PROJECT: Final = ML
SEATS: Final = 12
PROMPT: Final = "def settle(invoice): # a line of code that must stay at Google"

_KEPT_DAYS: Final = 30
_METHODS: Final = ("CompleteTask", "GenerateCode", "CompleteCode", "CompleteCode")
_SERVICE: Final = "cloudaicompanion.googleapis.com"
_LOGS: Final = f"projects/{PROJECT}/logs/{_SERVICE}%2F"


class Log:
    """The entries of the sample company. `ignores_filter` answers with all three logs, whatever
    was asked for."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.ignores_filter = False

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """A page of entries.list."""
        sought = body["filter"]
        times = re.search(r'timestamp>="([^"]+)" AND timestamp<"([^"]+)"', sought)
        log = re.search(r'logName="([^"]+)"', sought)
        if times is None or body.get("orderBy") != "timestamp asc":
            raise refusal(400, "INVALID_ARGUMENT", "The sandbox wants times, oldest first.")
        size = int(body.get("pageSize") or 50)
        if not 1 <= size <= 1000:
            raise refusal(400, "INVALID_ARGUMENT", "page_size must be between 1 and 1000")
        if body.get("resourceNames") != [f"projects/{PROJECT}"]:
            return {}
        start, end = (datetime.fromisoformat(text) for text in times.groups())
        entries = [
            entry
            for day in days_between(start.date(), end.date())
            for entry in self._entries(day)
            if self.ignores_filter or log is None or entry["logName"] == log[1]
        ]
        first = int(body.get("pageToken") or 0)
        page = {"entries": entries[first : first + size]} if entries else {}
        more = {"nextPageToken": str(first + size)} if first + size < len(entries) else {}
        return {**page, **more}

    def _entries(self, day: date) -> list[dict[str, Any]]:
        is_kept = day >= self.sandbox.today - timedelta(days=_KEPT_DAYS)
        if not self.sandbox.has_happened(day) or not is_kept or day.weekday() >= 5:
            return []
        rng = Random(f"{self.sandbox.options.seed}-code-assist-{day}")
        engineers = [
            person
            for person in self.sandbox.company.people
            if person.stints[0].department == "Engineering" and person.present_on(day)
        ]
        entries = []
        for person in engineers[:SEATS]:
            for _ in range(rng.choice((0, 3, 6))):
                at = datetime.combine(day, time(8), UTC) + timedelta(
                    milliseconds=rng.randrange(10 * 3_600_000)
                )
                entries += _action(at, person.email, f"{rng.getrandbits(64):016x}", rng)
        return sorted(entries, key=lambda entry: (entry["timestamp"], entry["insertId"]))


def _action(at: datetime, email: str, request_id: str, rng: Random) -> list[dict[str, Any]]:
    """The entries of a request, one in each log; one in ten has its metadata twice."""
    method = rng.choice(_METHODS)
    client = {"clientName": "vscode", "clientVersion": "2.61.0", "requestId": request_id}
    logs = ["request", "metadata", "response"] + ["metadata"] * (rng.random() < 0.1)
    payloads: dict[str, dict[str, Any]] = {
        "request": {"codeGenerationRequest": {"input": {"messages": [{"content": PROMPT}]}}},
        "response": {"codeGenerationResponse": {"output": {"messages": [{"content": PROMPT}]}}},
        "metadata": {"apiRequest": {}, **client},
    }
    return [
        {
            "insertId": f"{request_id}{number}",
            "jsonPayload": {
                "@type": "type.googleapis.com/google.cloud.cloudaicompanion.logging.v1."
                f"{log.title()}Log",
                **payloads[log],
            },
            "resource": {
                "type": f"{_SERVICE}/Instance",
                "labels": {"resource_container": PROJECT, "location": "global"},
            },
            "timestamp": at.isoformat(timespec="microseconds").replace("+00:00", "420Z"),
            "severity": "INFO",
            "labels": {"product": "code_assist", "method": method, "user_id": email},
            "logName": _LOGS + log,
            "receiveTimestamp": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        }
        for number, log in enumerate(logs)
    ]
