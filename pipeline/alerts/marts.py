"""The marts as the alerts read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from foundation.settings import Settings
from foundation.warehouse import Ask


@dataclass(frozen=True)
class Marts:
    """`as_of` is the day of the last build; days before it are complete."""

    settings: Settings
    ask: Ask
    as_of: date

    def name(self, model: str) -> str:
        return f"{self.settings.dataset('marts')}.{model}"

    def day(self, days: int) -> date:
        """So many days after the day of the build."""
        return self.as_of + timedelta(days=days)

    @property
    def month(self) -> date:
        """The month of the last complete day, so that the first of a month closes the last one."""
        return self.day(-1).replace(day=1)


@dataclass(frozen=True)
class Part:
    """What one question to the marts found. `headline` is what it adds to the headline, `told` a
    select of what it tells, in the columns of `alert_log`."""

    title: str
    lines: list[str]
    headline: str = ""
    told: str = ""


def scope_name(scope_type: str, scope: str) -> str:
    """An e-mail address says by itself that it is a person's."""
    if scope_type != "user":
        return f"{scope_type.replace('_', ' ')} {scope}"
    return "nobody (unattributed)" if scope == "unattributed" else scope
