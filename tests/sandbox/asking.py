"""How the tests call the sandbox: exact numbers, all pages."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

TODAY = date(2026, 11, 21)


def exact(response: httpx.Response) -> Any:
    """The answer's JSON with exact numbers; fails if the status is not 200."""
    assert response.status_code == 200, response.text

    return json.loads(response.content, parse_float=Decimal)


def pages(client: httpx.Client, path: str, **parameters: Any) -> list[Any]:
    """All records of an endpoint that pages with `next_page`."""
    query = {name.replace("group_by", "group_by[]"): value for name, value in parameters.items()}
    records: list[Any] = []
    while True:
        body = exact(client.get(path, params=query))
        records += body["data"]
        if not body["next_page"]:
            return records
        query["page"] = body["next_page"]


def zulu(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def all_events(client: httpx.Client, start: date, end: date) -> list[Any]:
    """Every Cursor event from `start` up to, not including, `end`."""
    events: list[Any] = []
    while start < end:
        stop = min(end, start + timedelta(days=30))
        page = 1
        while page:
            body = exact(
                client.post(
                    "filtered-usage-events",
                    json={
                        "startDate": milliseconds(start),
                        "endDate": milliseconds(stop) - 1,
                        "page": page,
                        "pageSize": 1000,
                    },
                )
            )
            events += body["usageEvents"]
            page = page + 1 if body["pagination"]["hasNextPage"] else 0
        start = stop
    return events
