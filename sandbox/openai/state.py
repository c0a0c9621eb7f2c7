"""What OpenAI reports now, and what `/_control` has changed about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sandbox.days import DayCache
from sandbox.money import ZERO
from sandbox.openai.ledger import Cost, Key, Usage, build_ledger, costs_of
from sandbox.state import Revision, Sandbox


@dataclass(frozen=True)
class Day:
    """A day's usage, and what it costs in dollars."""

    usages: tuple[Usage, ...] = ()
    costs: tuple[Cost, ...] = ()

    @property
    def billed(self) -> Decimal:
        return sum((cost.dollars for cost in self.costs), ZERO)


class State:
    """OpenAI, as all of its endpoints see it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.ledger = build_ledger(sandbox.company)
        self._days: DayCache[Day] = DayCache(lambda day: len(day.usages) + len(day.costs))
        self.reset()

    def reset(self) -> None:
        """Back to how everything was at the start."""
        self.costs_by: dict[str, date] = {}
        self.amounts_are_text = False
        self.deleted_keys: set[str] = set()

    def listed_keys(self) -> list[Key]:
        """The keys that are still listed."""
        return [k for k in self.ledger.keys if k.listed and k.name not in self.deleted_keys]

    def break_costs_down(self, days: dict[str, str]) -> None:
        self.costs_by = {by: date.fromisoformat(day) for by, day in days.items()}

    def delete_key(self, name: str) -> None:
        self.deleted_keys.add(name)

    def day(self, day: date) -> Day:
        """What OpenAI now reports for that day."""
        if not self.sandbox.has_happened(day):
            return Day()
        revisions = self.sandbox.revisions_of("openai", "openai", day)
        if any(revision.is_empty for revision in revisions):
            return Day()
        return self._revised(day, revisions)

    def first_day(self, day: date) -> Day:
        """What OpenAI first reported for that day."""
        return self._revised(day, ())

    def _revised(self, day: date, revisions: tuple[Revision, ...]) -> Day:
        def make() -> Day:
            usages = self.ledger.usages(day)
            costs = list(costs_of(usages))
            for revision in revisions:
                costs = [replace(cost, dollars=cost.dollars * revision.factor) for cost in costs]
            return Day(tuple(usages), tuple(costs))

        return self._days.get((day, revisions), make)
