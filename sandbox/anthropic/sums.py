"""The ledger between two moments, and sums over its entries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.anthropic.ledger import TOKEN_TYPES, Entry
from sandbox.anthropic.state import State
from sandbox.anthropic.times import midnight
from sandbox.days import days_between
from sandbox.money import ZERO, text


def entries_between(
    state: State, organization: str, start: datetime, end: datetime
) -> Iterator[tuple[datetime, Entry]]:
    """The entries from `start` up to, not including, `end`, each with its moment."""
    last = (end - timedelta(microseconds=1)).date()
    for day in days_between(start.date(), last + timedelta(days=1)):
        for entry in state.day(organization, day):
            moment = midnight(day) + timedelta(minutes=entry.minute)
            if start <= moment < end:
                yield moment, entry


class UsageSum:
    """Token counts that add up."""

    def __init__(self) -> None:
        self.tokens = [0] * len(TOKEN_TYPES)
        self.searches = 0
        self.requests = 0

    def add(self, entry: Entry) -> None:
        """Count the entry in."""
        for i, count in enumerate(entry.tokens):
            self.tokens[i] += count
        self.searches += entry.web_searches
        self.requests += entry.requests

    def payload(self) -> dict[str, Any]:
        """The counts as every report names them."""
        uncached, cache_read, five_minutes, one_hour, output = self.tokens
        return {
            "uncached_input_tokens": uncached,
            "cache_read_input_tokens": cache_read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": five_minutes,
                "ephemeral_1h_input_tokens": one_hour,
            },
            "output_tokens": output,
            "server_tool_use": {"web_search_requests": self.searches},
        }


class CostSum:
    """Amounts that add up, by cost component if asked for."""

    def __init__(self) -> None:
        self.parts: dict[tuple[str | None, str | None], tuple[Decimal, Decimal]] = {}
        self.requests = 0

    def add(self, entry: Entry, fan_out: frozenset[str]) -> None:
        """Count the entry; `fan_out` names the fields by which amounts are kept apart."""
        self.requests += entry.requests
        for cost in entry.costs:
            if fan_out == {"token_type"} and cost.cost_type != "tokens":
                continue
            part = (
                cost.cost_type if fan_out else None,
                cost.token_type if "token_type" in fan_out else None,
            )
            amount, list_amount = self.parts.get(part, (ZERO, ZERO))
            self.parts[part] = (amount + cost.amount, list_amount + cost.list_amount)

    def payloads(self, group: dict[str, Any], *, is_fanned_out: bool) -> Iterator[dict[str, Any]]:
        """One row in total, or one for each component."""
        for (cost_type, token_type), (amount, list_amount) in self.parts.items():
            component = {"cost_type": cost_type, "token_type": token_type}
            yield {
                "group": group | (component if is_fanned_out else {}),
                "cost": {
                    "amount": text(amount),
                    "list_amount": text(list_amount),
                    "currency": "USD",
                    "requests": None if is_fanned_out else self.requests,
                },
            }

    @property
    def amount(self) -> Decimal:
        """Cents after discount."""
        return sum((amount for amount, _ in self.parts.values()), ZERO)

    @property
    def list_amount(self) -> Decimal:
        """Cents before discount."""
        return sum((list_amount for _, list_amount in self.parts.values()), ZERO)
