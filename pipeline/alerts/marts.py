"""How the alerts read the marts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from foundation.settings import Settings
from foundation.warehouse import Ask


class NotBuiltError(Exception):
    """The model is from an earlier build: in this one, something before it failed."""


@dataclass(frozen=True)
class Marts:
    """`as_of` is the day of the reports: days before it are complete. `unbuilt` are names of models
    that this build did not reach."""

    settings: Settings
    ask: Ask
    as_of: date
    unbuilt: frozenset[str] = frozenset()

    def rows(self, model: str, columns: str, order: str) -> list[tuple[Any, ...]]:
        """The rows of a report for the day. Raises NotBuiltError."""
        return self.ask(f"select {columns} {self.of_the_day(model)} order by {order}")

    def of_the_day(self, model: str) -> str:
        """The end of a select from a model, restricted to rows of the day."""
        if model in self.unbuilt:
            raise NotBuiltError(model)
        table = f"{self.settings.dataset('marts')}.{model}"
        return f"from {table} where as_of_date = date '{self.as_of}'"

    def day(self, days: int) -> date:
        """The day this many days after the day of the reports."""
        return self.as_of + timedelta(days=days)


@dataclass(frozen=True)
class Part:
    """What one model contributes. `headline` is its part of the headline, `told` a select of what
    it reports, in the columns of `alert_log`."""

    title: str
    lines: list[str]
    headline: str = ""
    told: str = ""


def scope_name(scope_type: str, scope: str) -> str:
    """An e-mail address does not need the word "person" in front of it."""
    if scope_type == "company":
        return "the company"
    if scope_type != "user":
        return f"{scope_type.replace('_', ' ')} {scope}"
    return scope
