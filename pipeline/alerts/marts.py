"""The marts as the alerts read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from foundation.settings import Settings
from foundation.warehouse import Ask


class NotBuiltError(Exception):
    """A model is as an earlier build left it: in this one, something before it failed."""


@dataclass(frozen=True)
class Marts:
    """`as_of` is the day of the reports: days before it are complete. `unbuilt` are names of the
    models that this build did not come to."""

    settings: Settings
    ask: Ask
    as_of: date
    unbuilt: frozenset[str] = frozenset()

    def rows(self, model: str, columns: str, order: str) -> list[tuple[Any, ...]]:
        """The rows of a report of the day. Raises NotBuiltError."""
        return self.ask(f"select {columns} {self.of_the_day(model)} order by {order}")

    def of_the_day(self, model: str) -> str:
        """The rest of a select from a model, without rows of another day."""
        if model in self.unbuilt:
            raise NotBuiltError(model)
        table = f"{self.settings.dataset('marts')}.{model}"
        return f"from {table} where as_of_date = date '{self.as_of}'"

    def day(self, days: int) -> date:
        """So many days after the day of the reports."""
        return self.as_of + timedelta(days=days)


@dataclass(frozen=True)
class Part:
    """What one model has to say. `headline` is what it adds to the headline, `told` a select of
    what it tells, in the columns of `alert_log`."""

    title: str
    lines: list[str]
    headline: str = ""
    told: str = ""


def scope_name(scope_type: str, scope: str) -> str:
    """An e-mail address says by itself that it is a person's."""
    if scope_type != "user":
        return f"{scope_type.replace('_', ' ')} {scope}"
    return scope
