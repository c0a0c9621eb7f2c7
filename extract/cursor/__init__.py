"""Cursor's Admin API (https://cursor.com/docs/account/teams/admin-api): what is read, and how.

Usage events are the only source of cost. They have no id and come in no documented order, so a day
is read completely or not at all. All times are epoch milliseconds, both bounds inclusive.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any

import httpx
import msgspec

from extract.cursor import records
from extract.http import (
    MismatchError,
    Pace,
    client,
    open_envelope,
    records_in,
    scalars_in,
    send,
)
from extract.windows import Page, Period, Resource, Run, Window, ending, fetch, unsaid_end
from foundation.retrying import with_retries
from foundation.sources.cursor import CursorSettings

TABLES = ("members", "spend", "groups", "daily_usage", "usage_events")
ORGANIZATION = "cursor"

LOOK_BACK = 7
# The longest range that the API accepts.
DAILY_USAGE_DAYS = 30
# Shorter than what the API accepts (30 days): a chunk is held in memory until its last page has
# arrived, and an ordinary run asks for seven days anyway.
USAGE_EVENTS_DAYS = 7

# For events the documented maximum; elsewhere a page counts people, not rows.
USAGE_EVENTS_PAGE = 1000
PEOPLE_PAGE = 100

REQUESTS_PER_MINUTE = 20
REQUESTS_PER_MINUTE_BY_PATH = {"/teams/filtered-usage-events": 60}

PAGING = frozenset({"pagination", "totalPages"})


class Api:
    """The connection, and for each route when it was last used."""

    def __init__(self, settings: CursorSettings) -> None:
        key = settings.cursor_api_key
        self.client = client(
            base_url=settings.cursor_base_url,
            auth=httpx.BasicAuth(key.get_secret_value() if key else "", ""),
        )
        self._paces: dict[str, Pace] = {}

    def ask(self, method: str, path: str, **query: Any) -> dict[str, msgspec.Raw]:  # noqa: ANN401
        """One answer. Waits if it would exceed the route's limit, retries where that makes
        sense."""

        def once() -> dict[str, msgspec.Raw]:
            self._pace(path).wait()
            return open_envelope(send(self.client, method, path, **query))

        return with_retries(once)

    def _pace(self, path: str) -> Pace:
        limit = REQUESTS_PER_MINUTE_BY_PATH.get(path, REQUESTS_PER_MINUTE)
        return self._paces.setdefault(path, Pace(limit))


def extract(settings: CursorSettings, run: Run) -> Iterator[Window]:
    api = Api(settings)
    with api.client:
        for resource in resources(api):
            yield from fetch(resource, ORGANIZATION, run)


def resources(api: Api) -> tuple[Resource, ...]:
    return (
        Resource(
            "members",
            records.Member,
            partial(_members, api),
            is_directory=True,
            brings="who has a seat",
        ),
        # Only covers the current billing cycle: what is not kept today cannot be fetched tomorrow.
        Resource(
            "spend",
            records.Spend,
            partial(_spend, api),
            is_directory=True,
            brings="Cursor's own figures of the billing cycle",
        ),
        # Enterprise teams only.
        Resource(
            "groups",
            records.BillingGroup,
            partial(_groups, api),
            is_directory=True,
            is_optional=True,
            brings="billing groups and their members (Enterprise only)",
        ),
        Resource(
            "daily_usage",
            records.DailyUsage,
            partial(_daily_usage, api),
            is_directory=False,
            look_back=LOOK_BACK,
            max_days=DAILY_USAGE_DAYS,
            brings="lines and requests by person",
        ),
        Resource(
            "usage_events",
            records.UsageEvent,
            partial(_usage_events, api),
            is_directory=False,
            look_back=LOOK_BACK,
            max_days=USAGE_EVENTS_DAYS,
            brings="cost and tokens of each use",
        ),
    )


def _members(api: Api, _: Period) -> Iterator[Page]:
    path = "/teams/members"
    envelope = api.ask("GET", path)
    yield _page(envelope, "teamMembers", {"path": path})


def _spend(api: Api, _: Period) -> Iterator[Page]:
    return _paged(api, "/teams/spend", "teamMemberSpend", {}, PEOPLE_PAGE)


def _groups(api: Api, _: Period) -> Iterator[Page]:
    path = "/teams/groups"
    envelope = api.ask("GET", path)
    found = records_in(envelope, "groups")
    # It is outside the list, and an amount like the others.
    unassigned = envelope.pop("unassignedGroup", None)
    if unassigned is not None and bytes(unassigned) != b"null":
        found.append(unassigned)
    yield Page(
        [(None, found)], {"path": path}, scalars_in(envelope, PAGING | frozenset({"groups"}))
    )


def _daily_usage(api: Api, period: Period) -> Iterator[Page]:
    # With page and pageSize the answer has everyone, without them only active members.
    return _paged(api, "/teams/daily-usage-data", "data", _range(period), PEOPLE_PAGE)


def _usage_events(api: Api, period: Period) -> Iterator[Page]:
    path = "/teams/filtered-usage-events"
    return _paged(api, path, "usageEvents", _range(period), USAGE_EVENTS_PAGE)


@ending
def _paged(api: Api, path: str, key: str, query: dict[str, Any], page_size: int) -> Iterator[Page]:
    """All pages, numbered from 1.

    Pages are offsets into a list without order. If the number of events changes between two pages,
    records may have shifted from one to another; if it is not the number that arrived, pages are
    missing or records came twice: MismatchError.
    """
    number, seen, total = 1, 0, None
    while True:
        body = {**query, "page": number, "pageSize": page_size}
        envelope = api.ask("POST", path, json=body)
        count = _value(envelope, "totalUsageEventsCount")
        if number > 1 and count != total:
            raise _mismatch(f"the number of events went from {total} to {count} between two pages")
        total = count
        page = _page(envelope, key, {"path": path, **query, "pageSize": page_size})
        records_of_page = sum(len(found) for _, found in page.parts)
        seen += records_of_page
        yield page
        has_more = _has_more(envelope, number)
        # Where the events are counted, those that are missing are noticed below.
        if has_more is None and total is None and records_of_page >= page_size:
            raise unsaid_end()
        if not has_more:
            break
        number += 1
    if isinstance(total, int) and seen != total:
        raise _mismatch(f"{seen:,} of {total:,} events arrived")


def _mismatch(message: str) -> MismatchError:
    return MismatchError(
        message,
        advice="the vendor counts other events than it lists, so this day did not land: each run "
        f"asks for the last {LOOK_BACK} days again, `make backfill` for older ones; report it if "
        "it stays so",
    )


def _page(envelope: dict[str, msgspec.Raw], key: str, request: dict[str, Any]) -> Page:
    found = records_in(envelope, key)
    return Page([(None, found)], request, scalars_in(envelope, PAGING | {key}))


def _has_more(envelope: dict[str, msgspec.Raw], number: int) -> bool | None:
    """Whether another page follows, None if the answer does not say."""
    paging = _value(envelope, "pagination") or {}
    if paging.get("hasNextPage") is not None:
        return bool(paging["hasNextPage"])
    last = paging.get("numPages") or paging.get("totalPages") or _value(envelope, "totalPages")
    return None if last is None else number < last


def _value(envelope: dict[str, msgspec.Raw], key: str) -> Any:  # noqa: ANN401
    return msgspec.json.decode(envelope[key]) if key in envelope else None


def _range(period: Period) -> dict[str, int]:
    return {"startDate": _milliseconds(period.start), "endDate": _milliseconds(period.end) - 1}


def _milliseconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1000
