"""What people do with Gemini in Gmail, Docs and the other apps of Google Workspace: its log in the
Admin SDK (https://developers.google.com/workspace/admin/reports/v1/appendix/activity/gemini-in-workspace-apps).

It says who used what and when, and neither tokens nor cost. Events may arrive a day late.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

import msgspec

from extract.google.api import Api, fetch_optional
from extract.google.records import Activity
from extract.windows import Page, Period, Resource, Run, Window
from foundation.sources.google import GoogleSettings

TABLES = ("workspace_activities",)
ORGANIZATION = "google"

SCOPES = ("https://www.googleapis.com/auth/admin.reports.audit.readonly",)
URL = (
    "admin.googleapis.com/admin/reports/v1/activity/users/all/applications/gemini_in_workspace_apps"
)
ADVICE = (
    "give the service account domain-wide delegation for the scope admin.reports.audit.readonly, "
    "and GOOGLE_WORKSPACE_ADMIN the privilege Reports (docs/vendors/google.md)"
)
# The default quota is 2400.
REQUESTS_PER_MINUTE = 1200

LOOK_BACK = 3
MAX_DAYS = 7
# The log begins on this day, and keeps 180 days: of an older one the answer is empty, and must not
# replace what landed when it was not.
LOG_BEGINS = date(2025, 6, 20)
LOG_REACH = timedelta(days=179)
# The largest page allowed.
EVENTS_PER_PAGE = 1000
# Not the addresses of people's devices.
FIELDS = "nextPageToken,items(id,actor(email,profileId,callerType),events)"


def extract(settings: GoogleSettings, run: Run) -> Iterator[Window]:
    admin = settings.google_workspace_admin
    api = Api(settings, SCOPES, advice=ADVICE, per_minute=REQUESTS_PER_MINUTE, subject=admin)
    resource = Resource(
        TABLES[0],
        Activity,
        partial(_activities, api),
        is_directory=False,
        look_back=LOOK_BACK,
        max_days=MAX_DAYS,
        is_optional=True,
        brings="who used Gemini in Google Workspace, and when",
    )
    earliest = max(LOG_BEGINS, run.today - LOG_REACH)
    with api.client:
        yield from fetch_optional(resource, ORGANIZATION, run, advice=ADVICE, earliest=earliest)


def _activities(api: Api, period: Period) -> Iterator[Page]:
    query = {
        "eventName": "feature_utilization",
        "startTime": f"{period.start}T00:00:00.000Z",
        "endTime": f"{period.end}T00:00:00.000Z",
        "maxResults": EVENTS_PER_PAGE,
        "fields": FIELDS,
    }
    return api.pages("GET", URL, "items", query, partial(_before, period))


def _before(
    period: Period, activities: list[msgspec.Raw]
) -> list[tuple[date | None, list[msgspec.Raw]]]:
    """Without those of the midnight that ends the period: whether Google counts it in is not
    documented, and the next day has them."""
    end = f"{period.end}T00:00:00"
    return [(None, [one for one in activities if not _time(one).startswith(end)])]


class _Id(msgspec.Struct):
    time: str = ""


class _Activity(msgspec.Struct):
    id: _Id = msgspec.field(default_factory=_Id)


def _time(activity: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(activity, type=_Activity).id.time
    except msgspec.DecodeError:  # the record model says what is wrong with it
        return ""
