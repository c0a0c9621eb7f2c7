"""What the current billing cycle has cost so far: by member, and by billing group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sandbox.answers import Refusal
from sandbox.company import Person, tagged_id
from sandbox.cursor.errors import bad_request, error_body
from sandbox.cursor.ledger import members_on, midnight_ms
from sandbox.cursor.parameters import DEFAULT_PAGE, MAX_PAGE, whole_number
from sandbox.cursor.state import MemberDay, State
from sandbox.cursor.usage import role_of
from sandbox.days import days_between
from sandbox.money import ZERO, plain

# What each address did, by day.
ByDay = Mapping[date, Mapping[str, MemberDay]]


def spend(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    """What each member has cost in the current cycle, in cents."""
    page = whole_number(parameters, "page", 1, 10**6)
    size = whole_number(parameters, "pageSize", DEFAULT_PAGE, MAX_PAGE)
    today = state.sandbox.today
    # The current billing cycle, which is the calendar month.
    days = _members_by_day(state, today.replace(day=1), today)
    members = members_on(state.sandbox.company, today)
    rows = []
    for person in members[(page - 1) * size : page * size]:
        own = _days_of(person, days)
        on_demand = _on_demand(own)
        included = sum((day.included for day in own), ZERO)
        rows.append(
            {
                "userId": person.cursor_user_id,
                "name": person.name,
                "email": person.cursor_email,
                "role": role_of(person),
                "spendCents": plain(on_demand),
                "overallSpendCents": plain(on_demand + included),
                "fastPremiumRequests": sum(day.events for day in own),
                "hardLimitOverrideDollars": 100 if person.index % 9 == 0 else 0,
                "monthlyLimitDollars": 200 if person.index % 3 == 0 else None,
            }
        )
    return {
        "teamMemberSpend": rows,
        "subscriptionCycleStart": midnight_ms(state.sandbox.today.replace(day=1)),
        "totalMembers": len(members),
        "totalPages": -(-len(members) // size),
    }


def groups(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    """Billing groups of a cycle: the departments, plus everybody who is in none."""
    if not state.groups_readable:
        message = "Billing groups are available on the Enterprise plan"
        raise Refusal(403, error_body("Forbidden", message))
    start = state.sandbox.today.replace(day=1)
    if "billingCycle" in parameters:
        try:
            start = date.fromisoformat(parameters["billingCycle"]).replace(day=1)
        except ValueError:
            raise bad_request("billingCycle must be a date, YYYY-MM-DD") from None
    end = (start + timedelta(days=32)).replace(day=1)
    days = _members_by_day(state, start, min(end, state.sandbox.today))
    members: dict[str, list[Person]] = {}
    for person in members_on(state.sandbox.company, state.sandbox.today):
        # Nobody moves people between groups: whoever changes department stays in the old one.
        department = person.stints[0].department
        in_group = person.in_roster and department != "Operations"
        members.setdefault(department if in_group else "", []).append(person)
    unassigned = members.pop("", [])
    return {
        "groups": [
            _group(state, tagged_id("group", state.sandbox.options.seed, name), name, own, days)
            for name, own in sorted(members.items())
        ],
        "unassignedGroup": _group(state, "group_unassigned", "Unassigned", unassigned, days),
        "billingCycle": {"cycleStart": _iso(start), "cycleEnd": _iso(end)},
    }


def _group(
    state: State, identifier: str, name: str, people: list[Person], days: ByDay
) -> dict[str, Any]:
    emails = {person.cursor_email for person in people}
    by_day = {
        day: _on_demand(own for email, own in members.items() if email in emails)
        for day, members in days.items()
    }
    created = _iso(state.sandbox.options.start - timedelta(days=90))
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
                "spendCents": plain(_on_demand(_days_of(person, days))),
            }
            for person in people
        ],
        "formerMembers": [],
        "dailySpend": [
            {"date": day.isoformat(), "spendCents": plain(cents)} for day, cents in by_day.items()
        ],
    }


def _members_by_day(state: State, first: date, end: date) -> ByDay:
    return {day: state.members(day) for day in days_between(first, end)}


def _days_of(person: Person, days: ByDay) -> list[MemberDay]:
    email = person.cursor_email or ""
    return [members[email] for members in days.values() if email in members]


def _on_demand(days: Iterable[MemberDay]) -> Decimal:
    return sum((day.on_demand for day in days), ZERO)


def _iso(day: date) -> str:
    return f"{day.isoformat()}T00:00:00.000Z"
