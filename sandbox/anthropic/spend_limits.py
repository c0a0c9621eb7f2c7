"""Every seat's monthly limit in the Enterprise organization."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from starlette.requests import Request

from sandbox.anthropic.actors import actor_payload
from sandbox.anthropic.paging import by_page
from sandbox.anthropic.parameters import check_parameters
from sandbox.anthropic.state import State
from sandbox.company import Person, tagged_id
from sandbox.days import days_between
from sandbox.money import ZERO, text


def _limit_usd(person: Person) -> int:
    """The person's budget; a few have a limit that is soon reached."""
    return 5 if person.index % 24 == 0 else person.budget_usd


def spend_limits(state: State, organization: str, request: Request) -> dict[str, Any]:
    """Every seat's monthly limit in cents, and how much of it was spent this month so far."""
    check_parameters(request, ("limit", "page"))
    people = state.sandbox.company.by_claude_user_id()
    spent: dict[str, Decimal] = {}
    for day in days_between(state.sandbox.today.replace(day=1), state.sandbox.today):
        for entry in state.day(organization, day):
            if entry.actor is not None:
                user = entry.actor[1]
                amount = sum((cost.amount for cost in entry.costs), ZERO)
                spent[user] = spent.get(user, ZERO) + amount
    records = []
    for person in state.sandbox.company.people:
        if not person.has_seat or not person.present_on(state.sandbox.today):
            continue
        user = person.claude_user_id
        own = person.index % 4 == 0
        scope = {"type": "user", "user_id": user}
        records.append(
            {
                "actor": actor_payload(state.sandbox, people, ("user_actor", user)),
                "amount": str(_limit_usd(person) * 100) if own else None,
                "currency": "USD",
                "period": "monthly",
                "period_to_date_spend": text(spent.get(user, ZERO)),
                "scope": scope,
                "source": scope if own else {"type": "organization"},
                "spend_limit_id": tagged_id("spndlmt", state.sandbox.options.seed, person.index),
            }
        )
    return by_page(request, 20, records)
