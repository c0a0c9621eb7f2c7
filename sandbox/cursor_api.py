"""Cursor's Admin API: Basic authentication, JSON bodies with epoch milliseconds.

Rules and field names: docs.cursor.com, Admin API. Each route has its own rate limit.
"""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from time import monotonic
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import Refusal, answer, cursor_error, decode, encode
from sandbox.company import Person, tagged_id
from sandbox.cursor_ledger import DAY_MS, members_on, midnight_ms
from sandbox.faults import rate_limited_by_cursor
from sandbox.money import ZERO, plain
from sandbox.state import MemberDay, Sandbox, days_between

API_KEY: Final = "key_sandbox"

REQUESTS_PER_MINUTE: Final = 20
EVENT_REQUESTS_PER_MINUTE: Final = 60
_LONGEST_RANGE_MS: Final = 30 * DAY_MS
_LARGEST_PAGE: Final = 1000
_DEFAULT_PAGE: Final = 100

Handler = Callable[[Sandbox, dict[str, Any]], Any]


def routes(sandbox: Sandbox) -> list[Route]:
    """Everything under /teams."""
    return [
        _route(sandbox, "GET", "/teams/members", _members),
        _route(sandbox, "POST", "/teams/daily-usage-data", _daily_usage),
        _route(sandbox, "POST", "/teams/filtered-usage-events", _events, EVENT_REQUESTS_PER_MINUTE),
        _route(sandbox, "POST", "/teams/spend", _spend),
        _route(sandbox, "GET", "/teams/groups", _groups),
    ]


def _route(
    sandbox: Sandbox,
    method: str,
    path: str,
    handler: Handler,
    per_minute: int = REQUESTS_PER_MINUTE,
) -> Route:
    recent: deque[float] = deque()

    async def endpoint(request: Request) -> Response:
        _authenticate(request)
        if sandbox.rate_limits:
            _count(recent, per_minute)
        parameters = dict(request.query_params) if method == "GET" else _body(await request.body())
        result = handler(sandbox, parameters)
        if isinstance(result, bytes):
            return Response(result, media_type="application/json")
        return answer(result)

    return Route(path, endpoint, methods=[method])


def _authenticate(request: Request) -> None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        user, password = "", "-"
    if scheme.lower() != "basic" or user != API_KEY or password:
        raise Refusal(401, cursor_error("Unauthorized", "Invalid API key"))


def _count(recent: deque[float], per_minute: int) -> None:
    """Refuse the request if the minute before it was full; refused ones do not count."""
    now = monotonic()
    while recent and recent[0] <= now - 60:
        recent.popleft()
    if len(recent) >= per_minute:
        raise Refusal(429, rate_limited_by_cursor())
    recent.append(now)


def _bad(message: str) -> Refusal:
    return Refusal(400, cursor_error("Bad Request", message))


def _body(raw: bytes) -> dict[str, Any]:
    try:
        body = decode(raw or b"{}")
    except ValueError:
        raise _bad("The body is not JSON") from None
    if not isinstance(body, dict):
        raise _bad("The body is not an object")
    return body


def _whole(parameters: dict[str, Any], name: str, default: int, most: int) -> int:
    value = parameters.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise _bad(f"{name} must be a number between 1 and {most}")
    return value


def _range(parameters: dict[str, Any]) -> tuple[int, int]:
    bounds = []
    for name in ("startDate", "endDate"):
        value = parameters.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 10**11:
            raise _bad(f"{name} must be given in epoch milliseconds")
        bounds.append(value)
    start, end = bounds
    if end < start:
        raise _bad("endDate must not be before startDate")
    if end - start > _LONGEST_RANGE_MS:
        raise _bad("The date range must not exceed 30 days")
    return start, end


def _day_of(milliseconds: int) -> date:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date()


def _members(sandbox: Sandbox, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    return {
        "teamMembers": [
            {
                "id": person.cursor_user_id,
                "name": person.name,
                "email": person.cursor_email,
                "role": _role(person),
                "isRemoved": not person.present_on(sandbox.today),
            }
            for person in sandbox.company.people
            if person.cursor_email is not None and person.start <= sandbox.today
        ]
    }


def _role(person: Person) -> str:
    return "owner" if person.index == 0 else "member"


def _daily_usage(sandbox: Sandbox, parameters: dict[str, Any]) -> dict[str, Any]:
    """A row per member and day whose midnight lies in the range; the end is exclusive.

    Without page and pageSize only active members come. Pages count users, not rows.
    """
    start, end = _range(parameters)
    paged = "page" in parameters or "pageSize" in parameters
    page = _whole(parameters, "page", 1, 10**6)
    size = _whole(parameters, "pageSize", _DEFAULT_PAGE, _LARGEST_PAGE)
    days = [
        day
        for day in days_between(_day_of(start), _day_of(end) + timedelta(days=1))
        if start <= midnight_ms(day) < end and sandbox.has_happened(day)
    ]
    present = {day: {p.index: p for p in members_on(sandbox.company, day)} for day in days}
    users = [p for p in sandbox.company.people if any(p.index in on for on in present.values())]
    chosen = users[(page - 1) * size : page * size] if paged else users
    rows = []
    for day in days:
        stats = sandbox.cursor_day(day).members
        for person in chosen:
            if person.index not in present[day]:
                continue
            own = stats.get(person.cursor_email or "")
            if own is not None or paged:
                rows.append(_usage_row(sandbox, person, day, own))
    result: dict[str, Any] = {"data": rows, "period": {"startDate": start, "endDate": end}}
    if paged:
        pages = -(-len(users) // size)
        result["pagination"] = {
            "page": page,
            "pageSize": size,
            "totalUsers": len(users),
            "totalPages": pages,
            "hasNextPage": page < pages,
            "hasPreviousPage": page > 1,
        }
    return result


def _usage_row(
    sandbox: Sandbox, person: Person, day: date, own: MemberDay | None
) -> dict[str, Any]:
    rng = Random(f"{sandbox.options.seed}-editor-{day}-{person.index}")
    calls = own.events if own else 0

    def some(most: int) -> int:
        return rng.randint(0, most * calls) if calls else 0

    added, deleted, shown, applies = some(120), some(50), some(60), some(9)
    accepts = rng.randint(applies // 2, applies)
    composer = rng.randint(0, calls)
    agent = rng.randint(0, calls - composer)
    return {
        "userId": person.cursor_user_id,
        "day": day.isoformat(),
        "date": midnight_ms(day),
        "email": person.cursor_email,
        "isActive": own is not None,
        "totalLinesAdded": added,
        "totalLinesDeleted": deleted,
        "acceptedLinesAdded": rng.randint(added // 2, added),
        "acceptedLinesDeleted": rng.randint(deleted // 2, deleted),
        "totalApplies": applies,
        "totalAccepts": accepts,
        "totalRejects": applies - accepts,
        "totalTabsShown": shown,
        "totalTabsAccepted": rng.randint(shown // 3, shown),
        "composerRequests": composer,
        "chatRequests": calls - composer - agent,
        "agentRequests": agent,
        "cmdkUsages": some(3),
        "subscriptionIncludedReqs": own.included_events if own else 0,
        "apiKeyReqs": own.own_key_events if own else 0,
        "usageBasedReqs": own.usage_based_events if own else 0,
        "bugbotUsages": 0,
        "mostUsedModel": own.models[0] if own else None,
        "applyMostUsedExtension": rng.choice((".py", ".ts", ".sql", ".go")) if own else None,
        "tabMostUsedExtension": rng.choice((".py", ".ts", ".sql", ".go")) if own else None,
        "clientVersion": "2.1.0" if own else None,
    }


def _events(sandbox: Sandbox, parameters: dict[str, Any]) -> bytes:
    """A page of events, newest first; both bounds belong to the range."""
    start, end = _range(parameters)
    page = _whole(parameters, "page", 1, 10**6)
    size = _whole(parameters, "pageSize", _DEFAULT_PAGE, _LARGEST_PAGE)
    first, last = (page - 1) * size, page * size
    count = 0
    chosen: list[bytes] = []
    for day in reversed(list(days_between(_day_of(start), _day_of(end) + timedelta(days=1)))):
        if not sandbox.has_happened(day):
            continue
        records = sandbox.cursor_day(day).records
        midnight = midnight_ms(day)
        if start > midnight or end < midnight + DAY_MS - 1:
            records = tuple(r for r in records if start <= _timestamp(r) <= end)
        chosen += records[max(0, first - count) : max(0, last - count)]
        count += len(records)
    pages = -(-count // size)
    rest = {
        "totalUsageEventsCount": count,
        "pagination": {
            "numPages": pages,
            "currentPage": page,
            "pageSize": size,
            "hasNextPage": page < pages,
            "hasPreviousPage": page > 1,
        },
        "period": {"startDate": start, "endDate": end},
    }
    return encode(rest)[:-1] + b',"usageEvents":[' + b",".join(chosen) + b"]}"


def _timestamp(record: bytes) -> int:
    return int(decode(record)["timestamp"])


def _cycle_days(sandbox: Sandbox) -> list[date]:
    """The days of the running billing cycle, which is the calendar month."""
    return list(days_between(sandbox.today.replace(day=1), sandbox.today))


def _spend_of(sandbox: Sandbox, email: str | None, days: list[date]) -> tuple[Decimal, Decimal]:
    on_demand, included = ZERO, ZERO
    for day in days:
        own = sandbox.cursor_day(day).members.get(email or "")
        if own is not None:
            on_demand += own.on_demand
            included += own.included
    return on_demand, included


def _spend(sandbox: Sandbox, parameters: dict[str, Any]) -> dict[str, Any]:
    page = _whole(parameters, "page", 1, 10**6)
    size = _whole(parameters, "pageSize", _DEFAULT_PAGE, _LARGEST_PAGE)
    days = _cycle_days(sandbox)
    members = members_on(sandbox.company, sandbox.today)
    rows = []
    for person in members[(page - 1) * size : page * size]:
        on_demand, included = _spend_of(sandbox, person.cursor_email, days)
        rows.append(
            {
                "userId": person.cursor_user_id,
                "name": person.name,
                "email": person.cursor_email,
                "role": _role(person),
                "spendCents": plain(on_demand),
                "overallSpendCents": plain(on_demand + included),
                "fastPremiumRequests": sum(
                    sandbox.cursor_day(day)
                    .members.get(person.cursor_email or "", MemberDay())
                    .events
                    for day in days
                ),
                "hardLimitOverrideDollars": 100 if person.index % 9 == 0 else 0,
                "monthlyLimitDollars": 200 if person.index % 3 == 0 else None,
            }
        )
    return {
        "teamMemberSpend": rows,
        "subscriptionCycleStart": midnight_ms(sandbox.today.replace(day=1)),
        "totalMembers": len(members),
        "totalPages": -(-len(members) // size),
    }


def _groups(sandbox: Sandbox, parameters: dict[str, Any]) -> dict[str, Any]:
    """Billing groups of a cycle: the departments, and beside them whoever is in none."""
    if not sandbox.cursor_groups_readable:
        message = "Billing groups are available on the Enterprise plan"
        raise Refusal(403, cursor_error("Forbidden", message))
    start = sandbox.today.replace(day=1)
    if "billingCycle" in parameters:
        try:
            start = date.fromisoformat(parameters["billingCycle"]).replace(day=1)
        except ValueError:
            raise _bad("billingCycle must be a date, YYYY-MM-DD") from None
    end = (start + timedelta(days=32)).replace(day=1)
    days = list(days_between(start, min(end, sandbox.today)))
    members: dict[str, list[Person]] = {}
    for person in members_on(sandbox.company, sandbox.today):
        in_group = person.in_roster and person.stints[-1].department != "Operations"
        members.setdefault(person.stints[-1].department if in_group else "", []).append(person)
    unassigned = members.pop("", [])
    return {
        "groups": [
            _group(sandbox, tagged_id("group", sandbox.options.seed, name), name, own, days)
            for name, own in sorted(members.items())
        ],
        "unassignedGroup": _group(sandbox, "group_unassigned", "Unassigned", unassigned, days),
        "billingCycle": {"cycleStart": _iso(start), "cycleEnd": _iso(end)},
    }


def _group(
    sandbox: Sandbox, identifier: str, name: str, people: list[Person], days: list[date]
) -> dict[str, Any]:
    by_day = {
        day: sum(
            (_spend_of(sandbox, person.cursor_email, [day])[0] for person in people),
            ZERO,
        )
        for day in days
    }
    created = _iso(sandbox.options.start - timedelta(days=90))
    return {
        "id": identifier,
        "name": name,
        "type": "BILLING",
        "directoryGroupId": None,
        "memberCount": len(people),
        "createdAt": created,
        "updatedAt": created,
        "spendCents": plain(sum(by_day.values(), ZERO)),
        "currentMembers": [
            {
                "userId": person.cursor_user_id,
                "name": person.name,
                "email": person.cursor_email,
                "joinedAt": _iso(person.start),
                "leftAt": None,
                "spendCents": plain(_spend_of(sandbox, person.cursor_email, days)[0]),
            }
            for person in people
        ],
        "formerMembers": [],
        "dailySpend": [
            {"date": day.isoformat(), "spendCents": plain(cents)} for day, cents in by_day.items()
        ],
    }


def _iso(day: date) -> str:
    return f"{day.isoformat()}T00:00:00.000Z"
