"""What the current billing cycle has cost so far: by member, and by billing group."""

from __future__ import annotations

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


def spend(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    """What each member has cost in the current cycle, in cents."""
    page = whole_number(parameters, "page", 1, 10**6)
    size = whole_number(parameters, "pageSize", DEFAULT_PAGE, MAX_PAGE)
    days = _cycle_days(state)
    members = members_on(state.sandbox.company, state.sandbox.today)
    rows = []
    for person in members[(page - 1) * size : page * size]:
        on_demand, included = _spend_of(state, person.cursor_email, days)
        rows.append(
            {
                "userId": person.cursor_user_id,
                "name": person.name,
                "email": person.cursor_email,
                "role": role_of(person),
                "spendCents": plain(on_demand),
                "overallSpendCents": plain(on_demand + included),
                "fastPremiumRequests": sum(
                    state.day(day).members.get(person.cursor_email or "", MemberDay()).events
                    for day in days
                ),
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
    days = list(days_between(start, min(end, state.sandbox.today)))
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
    state: State, identifier: str, name: str, people: list[Person], days: list[date]
) -> dict[str, Any]:
    by_day = {
        day: sum(
            (_spend_of(state, person.cursor_email, [day])[0] for person in people),
            ZERO,
        )
        for day in days
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
                "spendCents": plain(_spend_of(state, person.cursor_email, days)[0]),
            }
            for person in people
        ],
        "formerMembers": [],
        "dailySpend": [
            {"date": day.isoformat(), "spendCents": plain(cents)} for day, cents in by_day.items()
        ],
    }


def _cycle_days(state: State) -> list[date]:
    """The days of the current billing cycle, which is the calendar month."""
    return list(days_between(state.sandbox.today.replace(day=1), state.sandbox.today))


def _spend_of(state: State, email: str | None, days: list[date]) -> tuple[Decimal, Decimal]:
    on_demand, included = ZERO, ZERO
    for day in days:
        own = state.day(day).members.get(email or "")
        if own is not None:
            on_demand += own.on_demand
            included += own.included
    return on_demand, included


def _iso(day: date) -> str:
    return f"{day.isoformat()}T00:00:00.000Z"
