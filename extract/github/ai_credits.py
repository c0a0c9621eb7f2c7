"""AI credits by user and model: a report that an enterprise has to order, or one question for each
user and day of an organization that belongs to no enterprise.

The report (https://docs.github.com/en/enterprise-cloud@latest/rest/billing/usage-reports) takes
minutes, and GitHub makes one at a time. A run that was killed leaves its report running, and the
next run takes it up by its id.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from extract.github.api import Api
from extract.http import VendorError, open_envelope, records_in, scalars_in
from extract.windows import Page, Period
from foundation import retrying

REPORT_TYPE = "ai_credit"
# The most days that a report may have.
REPORT_DAYS = 31
# What a report says of itself while it is made and when it is over, as far as known: GitHub does
# not document its words.
RUNNING = ("processing", "queued", "pending")
COMPLETED = "completed"
FAILED = ("failed", "error", "canceled", "cancelled", "expired")
# After so many seconds the next run goes on.
PATIENCE_SECONDS = 1200.0

# Of the 5000 requests that a token has in an hour, those that one run spends on single users.
REQUESTS_FOR_USERS = 3000


class Reports:
    """The reports that an enterprise ordered."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._path = f"{api.billing}/reports"
        # Those of this run: a link that expired is asked for again, not a report.
        self._ids: dict[Period, str] = {}

    def pages(self, period: Period) -> Iterator[Page]:
        identifier = self._ids.get(period) or self._order(period)
        self._ids[period] = identifier
        report = self._finished(identifier)
        if report.get("status") != COMPLETED:
            raise VendorError(
                f"GitHub could not make report {identifier}: it is {report.get('status')}",
                advice="run again later",
            )
        found = [
            msgspec.Raw(msgspec.json.encode(row))
            for link in report.get("download_urls") or []
            for row in _rows(self._api.download(link))
        ]
        request = {"path": self._path, "report_type": REPORT_TYPE} | _days(period)
        yield Page([(None, found)], request, {})

    def _order(self, period: Period) -> str:
        """The id of a report of these days, which is new or still running."""
        wanted = {"report_type": REPORT_TYPE} | _days(period)
        is_refused = False
        for _ in range(retrying.MAX_ATTEMPTS):
            # An old report with an unknown word is only waited for if GitHub says that one runs.
            is_running = _may_be_running if is_refused else _is_running
            running = [one for one in self._list() if is_running(one)]
            for report in running:
                if all(report.get(name) == value for name, value in wanted.items()):
                    return str(report["id"])
            for report in running:
                self._finished(str(report["id"]))
            try:
                answer = self._api.ask("POST", self._path, json=wanted)
            except VendorError as error:
                # Somebody else ordered one in between.
                if error.status != 409:
                    raise
                is_refused = True
                continue
            return str(_decoded(answer)["id"])
        raise VendorError(
            "other reports of the enterprise are always running",
            status=409,
            advice="GitHub makes one at a time: run again later",
        )

    def _list(self) -> list[dict[str, Any]]:
        answer = open_envelope(self._api.ask("GET", self._path))
        return [msgspec.json.decode(raw) for raw in records_in(answer, "usage_report_exports")]

    def _finished(self, identifier: str) -> dict[str, Any]:
        """The report once it is no longer running."""
        until = time.monotonic() + PATIENCE_SECONDS
        pause = 1.0
        while True:
            report = _decoded(self._api.ask("GET", f"{self._path}/{identifier}"))
            if not _may_be_running(report):
                break
            if time.monotonic() > until:
                raise VendorError(
                    f"report {identifier} is still {report.get('status')} after "
                    f"{PATIENCE_SECONDS / 60:.0f} minutes",
                    advice="run again later: the next run takes it up",
                )
            time.sleep(pause)
            pause = min(2 * pause, 30.0)
        return report


def _is_running(report: dict[str, Any]) -> bool:
    return report.get("status") in RUNNING


def _may_be_running(report: dict[str, Any]) -> bool:
    return report.get("status") not in (COMPLETED, *FAILED)


def _days(period: Period) -> dict[str, str]:
    """Both days are included."""
    *_, last = period.days()
    return {"start_date": str(period.start), "end_date": str(last)}


def _rows(body: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file that may begin with a byte order mark; all values are text."""
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def _decoded(answer: bytes) -> dict[str, Any]:
    envelope = open_envelope(answer)
    return {name: msgspec.json.decode(raw) for name, raw in envelope.items()}


def pages_of_users(api: Api, logins: list[str], period: Period) -> Iterator[Page]:
    """A day of an organization, user by user: GitHub's items say neither."""
    path = f"{api.billing}/ai_credit/usage"
    day = period.start
    for login in logins:
        asked = {"year": day.year, "month": day.month, "day": day.day, "user": login}
        answer = open_envelope(api.ask("GET", path, params=asked))
        user = b'{"username":' + msgspec.json.encode(login) + b","
        items = [
            msgspec.Raw(user + bytes(item).lstrip()[1:])
            for item in records_in(answer, "usageItems")
        ]
        request = {"path": path, "day": str(day)}
        yield Page([(day, items)], request, scalars_in(answer, frozenset({"usageItems", "user"})))
