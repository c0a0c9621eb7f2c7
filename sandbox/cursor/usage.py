"""Who is in the team, and what they did: members, days, events."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from sandbox.answers import decode, encode
from sandbox.company import Person
from sandbox.cursor.ledger import DAY_MS, members_on, midnight_ms
from sandbox.cursor.parameters import DEFAULT_PAGE, MAX_PAGE, day_of, range_of, whole_number
from sandbox.cursor.state import MemberDay, State
from sandbox.days import days_between


def members(state: State, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Everybody who was ever in the team."""
    return {
        "teamMembers": [
            {
                "id": person.cursor_user_id,
                "name": person.name,
                "email": person.cursor_email,
                "role": role_of(person),
                "isRemoved": not person.present_on(state.sandbox.today),
            }
            for person in state.sandbox.company.people
            if person.cursor_email is not None and person.start <= state.sandbox.today
        ]
    }


def role_of(person: Person) -> str:
    """The person's role in the team."""
    return "owner" if person.index == 0 else "member"


def daily_usage(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    """A row per member and day whose midnight is in the range; the end is exclusive.

    Without page and pageSize only active members are in the answer. Pages count users, not rows.
    """
    start, end = range_of(parameters)
    paged = "page" in parameters or "pageSize" in parameters
    page = whole_number(parameters, "page", 1, 10**6)
    size = whole_number(parameters, "pageSize", DEFAULT_PAGE, MAX_PAGE)
    days = [
        day
        for day in days_between(day_of(start), day_of(end) + timedelta(days=1))
        if start <= midnight_ms(day) < end and state.sandbox.has_happened(day)
    ]
    present = {day: {p.index: p for p in members_on(state.sandbox.company, day)} for day in days}
    users = [
        p for p in state.sandbox.company.people if any(p.index in on for on in present.values())
    ]
    chosen = users[(page - 1) * size : page * size] if paged else users
    rows = []
    for day in days:
        stats = state.members(day)
        for person in chosen:
            if person.index not in present[day]:
                continue
            own = stats.get(person.cursor_email or "")
            if own is not None or paged:
                rows.append(_usage_row(state, person, day, own))
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


def _usage_row(state: State, person: Person, day: date, own: MemberDay | None) -> dict[str, Any]:
    rng = Random(f"{state.sandbox.options.seed}-editor-{day}-{person.index}")
    calls = own.events if own else 0

    def some(maximum: int) -> int:
        return rng.randint(0, maximum * calls) if calls else 0

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


def events(state: State, parameters: dict[str, Any]) -> bytes:
    """A page of events, newest first; both bounds are inclusive."""
    start, end = range_of(parameters)
    page = whole_number(parameters, "page", 1, 10**6)
    size = whole_number(parameters, "pageSize", DEFAULT_PAGE, MAX_PAGE)
    first, last = (page - 1) * size, page * size
    count = 0
    chosen: list[bytes] = []
    for day in reversed(list(days_between(day_of(start), day_of(end) + timedelta(days=1)))):
        if not state.sandbox.has_happened(day):
            continue
        records = state.day(day).records
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
